"""
May this record move, and what happens then?

Every decision is a pure function: the record, what was asked, who asks and when, to events or every reason why
not. Nothing here loads, saves, reads a clock, or knows who may see what.
"""

from salesflow.process.after_sales import (
    advance_after_sales,
    can_run_beside,
    fill_after_sales_feedback,
    finish_after_sales,
    start_after_sales,
)
from salesflow.process.approvals import (
    approvals_for,
    find_waiting,
    grant,
    kept_arguments,
    outdated,
    read_arguments,
    refuse,
    register_with_partner,
    request_approval,
    waiting_approvals,
    withdraw,
)
from salesflow.process.asked_approvals import APPROVABLE, OWNER_SUPERIOR, PERSON, REGISTRATION, ROLE
from salesflow.process.automation import HAPPENINGS, TEAM, AutomationTable, Match, by_template
from salesflow.process.automation_checks import sound_automations
from salesflow.process.beside import running_after_sales
from salesflow.process.checks import check_template
from salesflow.process.creation import create_opportunity, import_opportunity
from salesflow.process.deals import count_deals, customer_won
from salesflow.process.dialog_checks import sound_lead_dialogs
from salesflow.process.dialogs import Answer, DialogRun, Proposal, offered_dialogs
from salesflow.process.documents import (
    accept_quote,
    draft_document,
    number_document,
    record_payment,
    write_number_back,
)
from salesflow.process.duplicates import find_duplicate
from salesflow.process.engine import Engine, Move, compile
from salesflow.process.fields import (
    add_activity,
    add_competitor,
    edit_lead,
    edit_opportunity,
    edit_party,
    follow_customer,
    product_lines,
    remove_competitor,
    set_contact_role,
)
from salesflow.process.findings import Finding, Findings
from salesflow.process.guards import owed_stages
from salesflow.process.lead_merging import (
    against_surviving,
    against_unmerging,
    merge_leads,
    move_document,
    unmerge_leads,
)
from salesflow.process.lead_review import REVIEW_ORDER, disable_lead, enable_lead, set_review_state
from salesflow.process.leads import (
    Converted,
    assign_lead,
    claim_lead,
    convert_lead,
    convertible,
    create_lead,
    disqualify_lead,
    follow_up_lead,
    import_lead,
    recycle_lead,
)
from salesflow.process.lifecycle import delete, delete_lead, unvoid, void
from salesflow.process.match_keys import KEY_FIELDS, PlainKeys, field_of, match_keys
from salesflow.process.migration import Migration
from salesflow.process.migration_plan import MigrationOutcome, MigrationPlan, MigrationResult, Standing
from salesflow.process.process_change import change_process
from salesflow.process.push_down import push_down
from salesflow.process.recycling import RecyclingRule, RecyclingStep, next_step, remind_of_lead
from salesflow.process.rehearsal import RehearsedMove, rehearse
from salesflow.process.rules import RULE_OPERATIONS, broken_rules
from salesflow.process.standing import OPEN, SERVED, opportunity_stands, refused
from salesflow.process.tasks import (
    add_task,
    assign_task,
    fill_feedback,
    find_task,
    finish_task,
    is_after_sales_task,
    reopen_task,
    unassign_task,
)
from salesflow.process.team import add_member, change_member, change_owner, remove_member
from salesflow.process.versions import TemplateChange, TemplateChangeKind, TemplateDiff, diff
from salesflow.process.waivers import waive_stage

__all__ = [
    "APPROVABLE", "HAPPENINGS", "KEY_FIELDS", "OPEN", "OWNER_SUPERIOR", "PERSON", "REGISTRATION", "REVIEW_ORDER",
    "ROLE", "RULE_OPERATIONS", "SERVED", "TEAM", "Answer", "AutomationTable", "Converted", "DialogRun", "Engine",
    "Finding", "Findings", "Match", "Migration", "MigrationOutcome", "MigrationPlan", "MigrationResult", "Move",
    "PlainKeys", "Proposal", "RecyclingRule", "RecyclingStep", "RehearsedMove", "Standing", "TemplateChange",
    "TemplateChangeKind", "TemplateDiff", "accept_quote", "add_activity", "add_competitor", "add_member", "add_task",
    "advance_after_sales", "against_surviving", "against_unmerging", "approvals_for", "assign_lead", "assign_task",
    "broken_rules", "by_template", "can_run_beside", "change_member", "change_owner", "change_process",
    "check_template", "claim_lead", "compile", "convert_lead", "convertible", "count_deals", "create_lead",
    "create_opportunity", "customer_won", "delete", "delete_lead", "diff", "disable_lead", "disqualify_lead",
    "draft_document", "edit_lead", "edit_opportunity", "edit_party", "enable_lead", "field_of",
    "fill_after_sales_feedback", "fill_feedback", "find_duplicate", "find_task", "find_waiting", "finish_after_sales",
    "finish_task", "follow_customer", "follow_up_lead", "grant", "import_lead", "import_opportunity",
    "is_after_sales_task", "kept_arguments", "match_keys", "merge_leads", "move_document", "next_step",
    "number_document", "offered_dialogs", "opportunity_stands", "outdated", "owed_stages", "product_lines", "push_down",
    "read_arguments", "record_payment", "recycle_lead", "refuse", "refused", "register_with_partner", "rehearse",
    "remind_of_lead", "remove_competitor", "remove_member", "reopen_task", "request_approval", "running_after_sales",
    "set_contact_role", "set_review_state", "sound_automations", "sound_lead_dialogs", "start_after_sales",
    "unassign_task", "unmerge_leads", "unvoid", "void", "waiting_approvals", "waive_stage", "withdraw",
    "write_number_back",
]  # fmt: skip
