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
    APPROVABLE,
    find_waiting,
    grant,
    kept_arguments,
    read_arguments,
    refuse,
    register_with_partner,
    request_approval,
    waiting_approvals,
    withdraw,
)
from salesflow.process.beside import running_after_sales
from salesflow.process.checks import check_template
from salesflow.process.creation import create_opportunity, import_opportunity
from salesflow.process.engine import Engine, Move, compile
from salesflow.process.fields import (
    add_activity,
    add_competitor,
    edit_lead,
    edit_opportunity,
    edit_party,
    remove_competitor,
    set_contact_role,
)
from salesflow.process.findings import Finding, Findings
from salesflow.process.guards import REGISTRATION, approval_on_the_way, owed_stages
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
from salesflow.process.lifecycle import delete, unvoid, void
from salesflow.process.migration import Migration
from salesflow.process.migration_plan import MigrationOutcome, MigrationPlan, MigrationResult, Standing
from salesflow.process.process_change import change_process
from salesflow.process.rehearsal import RehearsedMove, rehearse
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
    "APPROVABLE", "OPEN", "REGISTRATION", "REVIEW_ORDER", "SERVED", "Converted", "Engine", "Finding", "Findings",
    "Migration", "MigrationOutcome", "MigrationPlan", "MigrationResult", "Move", "RehearsedMove", "Standing",
    "TemplateChange", "TemplateChangeKind", "TemplateDiff", "add_activity", "add_competitor", "add_member", "add_task",
    "advance_after_sales", "approval_on_the_way", "assign_lead", "assign_task", "can_run_beside", "change_member",
    "change_owner", "change_process", "check_template", "claim_lead", "compile", "convert_lead", "convertible",
    "create_lead", "create_opportunity", "delete", "diff", "disable_lead", "disqualify_lead", "edit_lead",
    "edit_opportunity", "edit_party", "enable_lead", "fill_after_sales_feedback", "fill_feedback", "find_task",
    "find_waiting", "finish_after_sales", "finish_task", "follow_up_lead", "grant", "import_lead", "import_opportunity",
    "is_after_sales_task", "kept_arguments", "opportunity_stands", "owed_stages", "read_arguments",
    "recycle_lead", "refuse", "refused", "register_with_partner", "rehearse", "remove_competitor", "remove_member",
    "reopen_task", "request_approval", "running_after_sales", "set_contact_role", "set_review_state",
    "start_after_sales", "unassign_task", "unvoid", "void", "waiting_approvals", "waive_stage",
    "withdraw",
]  # fmt: skip
