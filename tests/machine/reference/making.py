"""Making records: deals, leads and what they become, parties, sharing rules, arrivals (OPP-1, LEAD, CUS)."""

from __future__ import annotations

from typing import Any

from tests.machine.reference.access import ROWS, admits, refusals
from tests.machine.reference.books import Absent, Case, Effect, No, operation
from tests.machine.reference.grades import regrade
from tests.machine.reference.known import key, link, taken
from tests.machine.reference.moves import no_effect
from tests.machine.reference.people import Plain, names
from tests.machine.reference.stages import broken, codes, enter, leave, skip, stage_of
from tests.machine.reference.standing import lead_stands

WORKED = ("unassigned", "assigned")


def put(case: Case, kind: str, id: str, **values: Any) -> Plain:
    """A new record, at version 1; the version of a changed one is the driver's to count."""
    papers = {"opportunity": ("quote", "contract", "order", "invoice"), "lead": ("quote", "contract")}.get(kind, ())
    blank: Plain = {f"{paper}_number": None for paper in papers} | ({"deals_won": 0} if kind == "customer" else {})
    if kind == "lead":
        blank |= {"merged_into": None, "merges": []}
    record = {"kind": kind, "id": id, "version": 1, "voided": False, **blank, **values}
    case.books.records[kind, id] = record
    return record


def own_or_nobody(case: Case, owner: str | None) -> str | None:
    return owner or (case.person if case.people.is_employee(case.person) else None)


def new_deal(owner: str, template: Plain, name: str, **values: Any) -> Plain:
    """A deal that has entered no stage yet."""
    blank: Plain = {
        "name": name, "owner": owner, "status": "in_progress", "process": template["id"],
        "process_version": template["version"], "team": {(owner, "owner"): "read_write"}, "visits": [], "tasks": [],
        "feedback": [], "activities": [], "last_activity": None, "contact_roles": {}, "competitors": [],
        "approvals": [], "waivers": {}, "closings": [], "after_sales": [], "custom": {}, "products": (),
        "registration": "unregistered", "by_hand": None, "is_imported": False, "source_lead": None, "source": None,
        "amount": None, "close_date": None, "customer": None, "contact": None, "led_by": "us",
    }  # fmt: skip
    return {**blank, **values}


def start_deal(
    case: Case, owner: str, name: str, process: str, amount: Any = None, close_date: Any = None,
    stage: str | None = None, reason: str | None = None, led_by: str = "us", team: Any = (), lead: Plain | None = None,
    **values: Any,
) -> tuple[set[No], Plain]:  # fmt: skip
    """OPP-1: a new deal in the stage that is asked for, and everything against it."""
    template = case.books.latest(process)
    order = codes(template)
    deal = new_deal(owner, template, name, amount=amount, close_date=close_date, led_by=led_by, **values)
    found: set[No] = set()
    if close_date is not None and close_date < case.today:
        found.add(("close_date_past", ""))
    for person, role, access in team:
        if role == "owner":
            found.add(("owner_role", ""))
        if sum((p, r) == (person, role) for p, r, _ in team) > 1:
            found.add(("member_exists", person))
        deal["team"].setdefault((person, role), access)
    from_lead = template["entry_from_lead"] if lead is not None else None
    entry = stage or from_lead or order[0]
    regrade(deal)
    if entry not in order:
        return found | {("stage_unknown", "")}, deal
    passed = order[: order.index(entry)]
    if from_lead == entry and lead is not None:
        for code in passed:
            enter(deal, template, code, lead["created"], "created")
            leave(deal, case.now, "advanced", "open")
        deal["tasks"] = []
    elif passed:
        found |= _late(deal, template, entry, passed, reason)
        for code in passed:
            skip(deal, code, case.now, reason)
    enter(deal, template, entry, case.now, "created")
    deal["probability"] = (stage_of(template, entry)["probability"], "stage")
    return found | broken(deal, template, "create"), deal


def _late(deal: Plain, template: Plain, entry: str, passed: list[str], reason: str | None) -> set[No]:
    """OPP-1: entering a later stage follows the template's jump rule."""
    if template["jump"] != "fast_track":
        stages = [stage_of(template, code) for code in passed]
        found: set[No] = set()
        if template["jump"] == "reason" and not reason and not all(stage["is_optional"] for stage in stages):
            found.add(("reason_missing", ""))
        if any(stage["approval"] is not None for stage in stages):
            found.add(("approval_passed", ""))
        return found
    if deal["route"] == "full":
        return {("not_first_stage", ""), ("full_route", "")}
    found = set() if entry == codes(template)[-1] else {("only_to_last_stage", "")}
    if stage_of(template, passed[0])["approval"] is not None:  # a fast track asks for the stage that it leaves
        found.add(("approval_passed", ""))
    return found | ({("registration_needed", "")} if deal["led_by"] == "partner" else set())


@operation("opportunities.create")
def create_deal(
    case: Case, name: str, process: str, owner: str | None = None, customer: str | None = None,
    contact: str | None = None, team: Any = (), source: str | None = None, **asked: Any,
) -> tuple[set[No], Effect]:  # fmt: skip
    owner = owner or case.person
    found, deal = start_deal(
        case, owner, name, process, team=team, customer=customer, contact=contact, source=source, **asked
    )
    found |= case.unknown_parties(customer, contact) | case.unknown_people(owner, *(person for person, _, _ in team))
    if customer is None and contact is None:
        found.add(("customer_missing", ""))
    id = case.books.next_id("opportunity")
    return found, lambda: put(case, "opportunity", id, **deal)


@operation("files.import_opportunities", lambda case, **_: ("files.import_opportunities", (case.person,)))
def import_deal(
    case: Case, arrival: str, name: str, owner: str, process: str, stage: str, outcome: str | None = None,
    reason: str | None = None, closed_at: Any = None, **values: Any,
) -> tuple[set[No], Effect]:  # fmt: skip
    """IO-3: an arrival stands where it stood; nothing guards it."""
    template = case.books.latest(process)
    deal = new_deal(owner, template, name, is_imported=True, **values)

    def arrive() -> None:
        enter(deal, template, stage, None, "imported")
        deal["probability"] = (stage_of(template, stage)["probability"], "stage")
        if outcome is not None:
            leave(deal, case.now if closed_at is None else closed_at, "closed", "cancelled")
            deal["closings"] = [
                {
                    "outcome": outcome, "stage": stage, "by": case.person, "day": None, "comment": None,
                    "amount": deal["amount"] if outcome == "won" else None, "reason": reason, "competitor": None,
                    "probability": deal["probability"], "ended_by": None,
                }
            ]  # fmt: skip
            deal["status"], deal["probability"] = outcome, (100 if outcome == "won" else 0, "outcome")
        regrade(deal)
        put(case, "opportunity", arrival, **deal)

    return set(), arrive


@operation("leads.create")
def create_lead(case: Case, title: str, owner: str | None = "", **values: Any) -> tuple[set[No], Effect]:
    """LEAD-1; an empty owner means left out."""
    owner = own_or_nobody(case, None) if owner == "" else owner
    id = case.books.next_id("lead")
    found = case.unknown_people(owner)
    blank = dict.fromkeys(
        "contact company phone email channel source description branch last_follower last_follow_up conversion "
        "disqualified".split()
    )
    blank |= {"disabled": False, "review": "created", "assigned_at": case.now if owner else None}
    lead = {**blank, "title": title, "owner": owner, "former": [], "activities": [], "created": case.now, **values}
    if not (lead["phone"] or lead["email"] or lead["channel"]):
        found.add(("reach_missing", ""))
    lead["duplicate_of"] = link(case.books.records, lead)
    return found, lambda: put(case, "lead", id, status="assigned" if owner else "unassigned", **lead)


@operation("leads.assign")
def assign_lead(case: Case, to: str, branch: str | None = "") -> tuple[set[No], Effect]:
    """LEAD-4; an empty branch means left out."""
    lead = case.record
    at = lead["branch"] if branch == "" else branch
    since = lead["assigned_at"] if to == lead["owner"] else case.now
    return lead_stands(lead, WORKED) | case.unknown_people(to), lambda: lead.update(
        owner=to, branch=at, status="assigned", assigned_at=since
    )


def _claimers(case: Case) -> tuple[str, Any]:
    return "leads.claim", (case.person,) if case.people.may_claim(case.person, case.record) else ()


@operation("leads.claim", _claimers)
def claim(case: Case) -> tuple[set[No], Effect]:
    """LEAD-14: from the common pool, which has no ceiling and no cool-down."""
    found = lead_stands(case.record, ("unassigned",)) | case.unknown_people(case.person)
    return found, lambda: case.record.update(owner=case.person, status="assigned", assigned_at=case.now)


REVIEWS = {"created": "submitted", "submitted": "approved", "approved": "re_review", "re_review": "submitted"}


@operation("leads.set_review_state")
def set_review_state(case: Case, state: str) -> tuple[set[No], Effect]:
    """LEAD-17."""
    found = lead_stands(case.record, (case.record["status"],))
    if REVIEWS[case.record["review"]] != state:
        found.add(("wrong_review_state", ""))
    return found, lambda: case.record.update(review=state)


@operation("leads.disable")
def disable(case: Case) -> tuple[set[No], Effect]:
    return lead_stands(case.record, (case.record["status"],)), lambda: case.record.update(disabled=True)


@operation("leads.enable")
def enable(case: Case) -> tuple[set[No], Effect]:
    found = lead_stands(case.record, (case.record["status"],)) - {("is_disabled", "")}
    if not case.record["disabled"]:
        found.add(("is_not_disabled", ""))
    return found, lambda: case.record.update(disabled=False)


@operation("leads.follow_up")
def follow_up(case: Case, text: str, kind: str = "call", at: Any = None) -> tuple[set[No], Effect]:
    lead, at = case.record, at or case.now

    def follow() -> None:
        lead["activities"].append((kind, text, at, case.person))
        if lead["last_follow_up"] is None or at >= lead["last_follow_up"]:
            lead["last_follow_up"], lead["last_follower"] = at, case.person

    return lead_stands(lead, (*WORKED, "converted")), follow


@operation("leads.edit")
def edit_lead(case: Case, **changes: Any) -> tuple[set[No], Effect]:
    lead = case.record
    found = lead_stands(lead, (*WORKED, "converted"))
    after = {**lead, **changes}
    if not (after["phone"] or after["email"] or after["channel"]):
        found.add(("reach_missing", ""))

    def change() -> bool:
        is_new = after != lead
        if key(after["phone"]) != key(lead["phone"]):
            lead["duplicate_of"] = link(case.books.records, after)
        lead.update(changes)
        return is_new

    return found, change


@operation("leads.recycle")
def recycle(case: Case, reason: str | None) -> tuple[set[No], Effect]:
    lead = case.record
    found = lead_stands(lead, ("assigned",)) | (set() if reason else {("reason_missing", "")})

    def give_back() -> None:
        lead["former"].append((lead["owner"], reason))
        lead.update(owner=None, branch=None, status="unassigned", assigned_at=None)

    return found, give_back


@operation("leads.disqualify")
def disqualify(case: Case, reason: str | None) -> tuple[set[No], Effect]:
    lead = case.record
    found = lead_stands(lead, WORKED) | (set() if reason else {("reason_missing", "")})
    return found, lambda: lead.update(status="disqualified", disqualified=reason)


@operation("leads.convert")
def convert(case: Case, customer: Any = None, contact: Any = None, opportunity: Any = None) -> tuple[set[No], Effect]:
    """LEAD-6: each part is None, the id of one that is there, or (as a dict) a new one."""
    lead, books = case.record, case.books
    ids = {
        kind: asked if asked is None or isinstance(asked, str) else books.next_id(kind)
        for kind, asked in (("customer", customer), ("contact", contact), ("opportunity", opportunity))
    }
    found = case.unknown_parties(customer, contact)
    if lead["conversion"] is not None and not lead["voided"]:
        found.add(("already_converted", ""))
    else:
        found |= lead_stands(lead, ("assigned",))
    if customer is None and contact is None:
        found.add(("convert_nothing" if opportunity is None else "convert_needs_party", ""))
    if isinstance(customer, dict) and not found - case.unknown_parties(customer, contact):
        found |= taken(case, customer.get("phone") or lead["phone"])
    deal: Plain = {}
    if isinstance(opportunity, str):
        known = books.records.get(("opportunity", opportunity))
        if known is None or not case.people.sees(case.person, known):
            raise Absent
        found |= refusals(case.people, case.person, "opportunities.edit", known, ())
        if isinstance(customer, str) and known["customer"] not in (None, customer):
            found.add(("opportunity_elsewhere", ""))
    elif opportunity is not None and lead["owner"] is not None:
        no, deal = start_deal(case, lead["owner"], **opportunity, lead=lead)
        found |= no | case.unknown_people(*(person for person, _, _ in opportunity.get("team", ())))
        deal.update(customer=ids["customer"], contact=ids["contact"], source=lead["source"], source_lead=lead["id"])

    def become() -> None:
        lead.update(status="converted", conversion=(ids["customer"], ids["contact"], ids["opportunity"]))
        reach = {"phone": lead["phone"], "email": lead["email"], "source_lead": lead["id"], "owner": lead["owner"]}
        if isinstance(customer, dict):
            put(case, "customer", str(ids["customer"]), **{**reach, **customer})
        if isinstance(contact, dict):
            put(case, "contact", str(ids["contact"]), customer=ids["customer"], **{**reach, **contact})
        if deal:
            put(case, "opportunity", str(ids["opportunity"]), **deal)

    return found, become


@operation("customers.create")
def create_customer(case: Case, name: str, owner: str | None = None, **reach: Any) -> tuple[set[No], Effect]:
    owner, id = own_or_nobody(case, owner), case.books.next_id("customer")
    values = {"phone": None, "email": None, "source_lead": None, **reach, "name": name, "owner": owner}
    found = case.unknown_people(owner) | taken(case, values["phone"])
    return found, lambda: put(case, "customer", id, **values)


@operation("contacts.create")
def create_contact(case: Case, name: str, customer: str | None = None, **reach: Any) -> tuple[set[No], Effect]:
    owner, id = own_or_nobody(case, None), case.books.next_id("contact")
    values = {"phone": None, "email": None, "source_lead": None, **reach, "name": name, "owner": owner}
    return case.unknown_parties(customer, None), lambda: put(case, "contact", id, customer=customer, **values)


def _edit_party(case: Case, **changes: Any) -> tuple[set[No], Effect]:
    party = case.record
    found = case.unknown_people(changes.get("owner")) | case.unknown_parties(changes.get("customer"), None)

    def change() -> bool:
        is_new = {**party, **changes} != party
        party.update(changes)
        return is_new

    return found, change


@operation("customers.edit")
def edit_customer(case: Case, **changes: Any) -> tuple[set[No], Effect]:
    """CUS-1: contacts that the customer's keeper keeps go with it to another one."""
    customer, owner = case.record, changes.get("owner")
    found, edit = _edit_party(case, **changes)
    if key(changes.get("phone")) != key(customer["phone"]):
        found |= taken(case, changes.get("phone"), customer["id"])

    def change() -> object:
        before = customer["owner"]
        for (kind, _), contact in case.books.records.items():
            is_its_own = kind == "contact" and contact["customer"] == customer["id"]
            if owner not in (None, before) and is_its_own and contact["owner"] == before:
                contact["owner"], contact["version"] = owner, contact["version"] + 1
        return edit()

    return found, change


def _editors(case: Case, **_: Any) -> tuple[str, Any]:
    """ACC-22: whoever may edit the contact's customer, or one of its deals, in their own right."""
    people, person, edit = case.people, case.person, "opportunities.edit"
    customer = case.books.records.get(("customer", case.record["customer"]))
    is_seen = customer is not None and people.sees(person, customer)
    if is_seen and admits(people, person, ROWS["customers.edit"], customer, ()):
        return "contacts.edit", (person,)
    for deal in case.books.records.values():
        is_its_own = deal["kind"] == "opportunity" and names(deal, case.record) and people.sees(person, deal)
        is_open = is_its_own and not refusals(people, person, edit, deal, ())
        if is_open and admits(people, person, ROWS[edit], deal, ()):
            return "contacts.edit", (person,)
    return "contacts.edit", ()


operation("contacts.edit", _editors)(_edit_party)


def share(case: Case, **rule: Any) -> tuple[set[No], Effect]:
    """VIS-11."""
    id = case.books.next_id("sharing_rule")
    blank = {
        **dict.fromkeys("from_person from_department to_person to_department to_group".split()),
        "from_subdepartments": False, "to_subdepartments": False, "access": "read",
    }  # fmt: skip

    def make() -> None:
        case.people.sharing[id] = put(case, "sharing_rule", id, **{**blank, **rule})

    return set(), make


operation("sharing.create")(share)


@operation("sharing.edit")
def edit_sharing(case: Case, rule: str, access: str) -> tuple[set[No], Effect]:
    known = case.people.sharing.get(rule)
    return set(), no_effect if known is None else lambda: known.update(access=access)


@operation("sharing.delete")
def delete_sharing(case: Case, rule: str) -> tuple[set[No], Effect]:
    def take_away() -> None:
        del case.people.sharing[rule], case.books.records["sharing_rule", rule]

    return set(), take_away
