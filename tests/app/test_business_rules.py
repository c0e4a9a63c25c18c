"""The application's own business rules: what they bind, which record they see, what they cannot do (RULE-1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.app.business_rules import RULED_OPERATIONS
from salesflow.files.mapping import parse_mapping
from salesflow.model import Label
from tests.app.calls import DONE, Done
from tests.app.world import LARGE, LATER, SMALL, World, codes

SOURCED = {"en": "A lead needs an e-mail and a source", "zh": "线索须有邮箱和来源"}
LEADS = parse_mapping('kind = "lead"\nkey = ["phone"]\n[fields]\ntitle = "title"\nphone = "phone"\nemail = "email"')


def rule(*before: str, holds: Callable[[Any], bool] = lambda record: False, code: str = "no") -> sf.BusinessRule:
    return sf.BusinessRule(code, before, holds, "not like this")


def ruled(*rules: sf.BusinessRule, **ports: Any) -> World:
    return World(rules=rules, **ports)


def broken(refused: sf.Refused) -> list[str]:
    """The codes of the rules that refused."""
    reasons: Any = refused.reasons
    return [reason.facts["rule"] for reason in reasons if reason.code == "rule_broken"]


def test_a_lead_without_e_mail_and_source_is_refused_by_a_rule():
    """RULE-1, SCENE-4: with the rule's code and message, in each of its languages; a good one passes."""
    world = ruled(sf.BusinessRule("reachable", "leads.create", lambda lead: bool(lead.email and lead.source), SOURCED))
    with pytest.raises(sf.Refused, match="A lead needs an e-mail and a source") as refused:
        world.lead(source="web")
    (reason,) = refused.value.reasons
    assert (reason.code, reason.facts["rule"]) == ("rule_broken", "reachable")
    assert reason.facts["message"] == Label(SOURCED)
    assert world.lead(source="web", email="a@b").source == "web"


def test_all_failures_are_told_together():
    """RULE-1: access, the operation's own reasons, and each broken rule in the order given."""
    world = ruled(rule("leads.create", code="one"), rule("leads.create", code="two"), rule("leads.edit", code="three"))
    with pytest.raises(sf.Refused) as refused:
        world.acting("li").leads.create(title="A", owner="nobody")
    assert codes(refused.value) == {"rule_broken", "reach_missing", "person_unknown"}
    assert broken(refused.value) == ["one", "two"]


RECORD_DONE = [one for one in DONE if one.operation in RULED_OPERATIONS]


@pytest.mark.parametrize("done", RECORD_DONE, ids=lambda one: f"{one.operation} {' '.join(one.events)}")
def test_a_rule_before_an_operation_binds_it(done: Done):
    """RULE-1: every operation that can be bound is refused by a rule that fails, and nothing is saved."""
    seen: list[Any] = []
    answer = [True]

    def holds(record: Any) -> bool:
        seen.append(record)
        return answer[0]

    world = ruled(rule(done.operation, holds=holds))
    about = done.given(world)
    before = world.everything()
    answer[0] = False
    with pytest.raises(sf.Refused) as refused:
        done.do(getattr(world.acting(done.by), done.group), about)
    assert broken(refused.value) == ["no"]
    assert world.everything() == before
    assert seen


def test_every_operation_that_can_be_bound_is_tried():
    """RULE-1: the closed list is what the table of calls does; reading and administrators' books are not in it."""
    assert {one.operation for one in RECORD_DONE} == set(RULED_OPERATIONS)
    for operation in ("leads.get", "opportunities.moves", "opportunities.each", "sharing.create", "files.import_csv"):
        assert operation not in RULED_OPERATIONS


class TestWhichRecord:
    def told(self, operation: str, act: Callable[[World], Any]) -> Any:
        """The record that a rule before *operation* sees last."""
        seen: list[Any] = []

        def holds(record: Any) -> bool:
            seen.append(record)
            return True

        world = ruled(rule(operation, holds=holds))
        act(world)
        return seen[-1]

    def test_a_new_one_as_it_would_be(self):
        """RULE-1: with its id, owner and grade; and before anything is saved."""
        deal = self.told("opportunities.create", lambda world: world.deal(amount=LARGE))
        assert (deal.version, deal.owner, deal.stage, deal.grade.effective) == (1, "li", "qualification", sf.Grade.B)

    def test_an_edited_one_as_it_would_be_afterwards(self):
        """RULE-1: its new grade included; where nothing changes, as it is."""
        after = self.told(
            "opportunities.edit", lambda world: world.acting("li").opportunities.edit(world.deal(), amount=SMALL)
        )
        assert (after.amount, after.grade.effective, after.version) == (SMALL, sf.Grade.C, 2)
        same = self.told(
            "opportunities.edit", lambda world: world.acting("li").opportunities.edit(world.deal(), amount=LARGE)
        )
        assert (same.amount, same.version) == (LARGE, 1)

    def test_any_other_as_it_stands(self):
        """RULE-1: what the operation is about to change has not happened yet."""
        deal = self.told("opportunities.lose", lambda world: world.lost())
        assert deal.status == "in_progress"
        lead = self.told("leads.convert", lambda world: world.converted_lead())
        assert lead.status == "assigned"

    def test_an_edit_that_is_refused_anyway_asks_no_rule(self):
        """RULE-1: there is no record that it would be."""
        world = ruled(rule("opportunities.edit"))
        with pytest.raises(sf.Refused) as refused:
            world.acting("li").opportunities.edit(world.lost(), name="B")
        assert codes(refused.value) == {"wrong_status"}


def convert(world: World) -> Any:
    return world.acting("li").leads.convert(
        world.lead(), customer=sf.NewCustomer("Acme"), contact=sf.NewContact("Ms Qian"),
        opportunity=sf.NewOpportunity("CRM2000", process="crm2000", close_date=LATER),
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["opportunities", "customers", "contacts"])
def test_a_conversion_is_no_way_around_a_rule_of_creating(kind: str):
    """RULE-1, LEAD-6: whatever makes a record is bound by the rules of making one; nothing at all is made then."""
    world = ruled(rule(f"{kind}.create"))
    lead = world.lead()
    before = world.everything()
    with pytest.raises(sf.Refused) as refused:
        world.acting("li").leads.convert(
            lead, customer=sf.NewCustomer("Acme"), contact=sf.NewContact("Ms Qian"),
            opportunity=sf.NewOpportunity("CRM2000", process="crm2000", close_date=LATER),
        )  # fmt: skip
    assert broken(refused.value) == ["no"]
    assert world.everything() == before
    assert convert(ruled(rule("leads.create", holds=lambda lead: True))).opportunity is not None


def test_pushing_down_makes_a_lead_too():
    """RULE-1, LEAD-3: bound as itself, by the upstream lead, and as the making of the new one."""
    seen: list[tuple[str, int]] = []

    def remembers(operation: str) -> Callable[[Any], bool]:
        def holds(lead: Any) -> bool:
            seen.append((operation, lead.version))
            return True

        return holds

    operations = ("leads.push_down", "leads.create")
    world = ruled(*(rule(each, holds=remembers(each), code=each) for each in operations))
    lead = world.acting("li").leads.edit(world.lead(), description="more")
    seen.clear()
    world.acting("zhang").leads.push_down(lead, title="Spare parts")
    assert seen == [("leads.push_down", 2), ("leads.create", 1)]


def test_an_import_of_leads_is_bound_and_one_of_opportunities_is_not():
    """RULE-1, IO-3: a lead is as good as created, and a wrong row stops no other; an opportunity arrives."""
    world = ruled(
        rule("leads.create", holds=lambda lead: lead.email is not None), rule("opportunities.create", code="b")
    )
    rows = "title,phone,email\nA,1,a@b\nB,2,\n"
    report = world.acting("li").files.import_csv(_file(rows), LEADS)
    assert (report.imported, report.refused) == (1, 1)
    assert [(problem.row, problem.code) for problem in report.problems] == [(2, "rule_broken")]
    assert "not like this" in str(report.problems[0])
    arrival = sf.ImportedOpportunity(id="old-1", name="Old", owner="li", process="crm2000", stage="agreement")
    assert world.acting("li").files.import_opportunities([arrival]).imported == 1


def _file(text: str) -> Any:
    from io import StringIO

    return StringIO(text)


class TestMoves:
    def test_they_say_what_the_operation_does(self):
        """OPP-14, RULE-1: a rule stands in the way of each move that it binds, and of asking for its approval."""
        world = ruled(rule("opportunities.advance"), rule("leads.convert", code="later"))
        briefed = world.acting("li").opportunities
        deal = world.finished(world.deal())
        moves = {move.operation: move for move in briefed.moves(deal)}
        assert [reason.facts["rule"] for reason in moves["advance"].blockers] == ["no"]
        assert moves["win"].blockers[0].code == "not_last_stage"
        assert all(reason.code != "rule_broken" for reason in moves["edit"].blockers)
        leads = {move.operation: move for move in world.acting("li").leads.moves(world.lead())}
        assert [reason.code for reason in leads["convert"].blockers] == ["rule_broken"]

    def test_an_edits_rule_is_asked_when_the_changes_are_known(self):
        """OPP-14, RULE-1: nobody can tell before what the record would be."""
        world = ruled(rule("leads.edit"))
        lead = world.lead()
        moves = {move.operation: move for move in world.acting("li").leads.moves(lead)}
        assert moves["edit"].is_open
        with pytest.raises(sf.Refused):
            world.acting("li").leads.edit(lead, title="B")


class TestApprovals:
    def test_an_approval_asks_the_rules_of_what_waits(self):
        """RULE-1, RULE-2: when it is requested, and again when it is granted."""
        allowed = [True]
        world = ruled(rule("opportunities.advance", holds=lambda deal: allowed[0]))
        briefed = _briefed(world, allowed)
        allowed[0] = False
        with pytest.raises(sf.Refused) as refused:
            world.acting("li").opportunities.request_approval(briefed, "advance")
        assert codes(refused.value) == {"rule_broken"}
        allowed[0] = True
        waiting = world.acting("li").opportunities.request_approval(briefed, "advance")
        allowed[0] = False
        with pytest.raises(sf.Refused) as refused:
            world.acting("zhang").opportunities.approve(waiting)
        assert codes(refused.value) == {"rule_broken"}
        moves = world.acting("zhang").opportunities.moves(waiting)
        (approve,) = (move for move in moves if move.operation == "approve")
        assert [reason.code for reason in approve.blockers] == ["rule_broken"]


def _briefed(world: World, allowed: list[bool]) -> sf.Opportunity:
    allowed[0] = True
    return world.briefed()


class TestTrouble:
    @pytest.mark.parametrize(
        "trouble", [ValueError("x"), KeyError("x"), MemoryError(), RecursionError(), sf.NotFound("lead", "x")]
    )
    def test_a_rule_that_raises_is_at_fault_and_nothing_is_saved(self, trouble: Exception):
        """RULE-1, REL-7: `PortError` names the rule and keeps the cause, also of the library's own errors."""

        def holds(_record: Any) -> bool:
            raise trouble

        world = ruled(rule("leads.edit", holds=holds, code="shaky"))
        lead = world.lead()
        before = world.everything()
        with pytest.raises(sf.PortError, match="shaky") as failed:
            world.acting("li").leads.edit(lead, title="B")
        assert failed.value.__cause__ is trouble
        assert world.everything() == before

    def test_a_stop_is_passed_on(self):
        """REL-7: nobody swallows a KeyboardInterrupt; nothing is saved either."""

        def holds(_record: Any) -> bool:
            raise KeyboardInterrupt

        world = ruled(rule("leads.create", holds=holds))
        before = world.everything()
        with pytest.raises(KeyboardInterrupt):
            world.lead()
        assert world.everything() == before

    @pytest.mark.parametrize("answer", [None, 1, "yes", []])
    def test_an_answer_is_true_or_false(self, answer: Any):
        """RULE-1: a forgotten return is a fault, and no silent refusal."""
        world = ruled(rule("leads.create", holds=lambda lead: answer))
        with pytest.raises(sf.PortError, match="not True or False"):
            world.lead()

    @pytest.mark.parametrize(
        "make",
        [
            lambda: rule("leads.get"),
            lambda: rule("leads.sell"),
            lambda: rule(),
            lambda: sf.BusinessRule("a", 5, lambda record: True, "x"),
            lambda: sf.BusinessRule("a", [["leads.create"]], lambda record: True, "x"),
            lambda: sf.BusinessRule("", "leads.create", lambda record: True, "x"),
            lambda: sf.BusinessRule("a", "leads.create", "lambda record: True", "x"),  # type: ignore[arg-type]
            lambda: sf.BusinessRule("a", "leads.create", lambda record: True, ""),
            lambda: ruled("leads.create"),  # type: ignore[arg-type]
            lambda: World(rules=5),
            lambda: World(rules="ab"),
            lambda: ruled(rule("leads.create"), rule("leads.edit")),
        ],
    )
    def test_what_is_no_rule_is_refused_when_it_is_made(self, make: Callable[[], Any]):
        """RULE-1: an unknown operation, no message, no function, one code twice: before anything is done."""
        with pytest.raises(sf.InvalidInput):
            make()


def test_a_rule_tells_nothing_of_what_is_hidden():
    """RULE-1, VIS-17, VIS-18: whoever may not see the record, or only a lead's card, hears nothing of a rule."""
    world = ruled(rule("leads.follow_up"), rule("opportunities.advance", code="other"))
    deal = world.deal()
    with pytest.raises(sf.NotFound):
        world.acting("qian").opportunities.advance(deal)
    lead = world.pooled()
    with pytest.raises(sf.Refused) as refused:
        world.acting("li").leads.follow_up(lead.id, "rang")
    assert codes(refused.value) == {"not_permitted"}


def test_templates_rules_reach_the_facade():
    """RULE-1, OPP-9: before creating, moving and leaving for another process, and `moves` says so."""
    needed = [sf.Condition("source", equals="fair")]
    operations = ("create", "advance", "change_process")
    process = evolve(
        sf.templates.builtin()["crm2000"], id="strict", jump="free",
        rules=[sf.ProcessRule("fair_only", operations, needed, "Only from a fair")],
    )  # fmt: skip
    world = World(processes=[process, sf.templates.builtin()["crm2000"]])
    with pytest.raises(sf.Refused) as refused:
        world.deal(process="strict")
    assert broken(refused.value) == ["fair_only"]
    with pytest.raises(sf.Refused) as refused:
        world.acting("li").leads.convert(
            world.lead(), customer=sf.NewCustomer("Acme"), opportunity=sf.NewOpportunity("A", process="strict")
        )
    assert broken(refused.value) == ["fair_only"]
    deal = world.finished(world.deal(process="strict", source="fair"))
    deal = world.acting("li").opportunities.edit(deal, source="web")
    for blocked in (
        lambda: world.acting("li").opportunities.advance(deal),
        lambda: world.acting("li").opportunities.change_process(deal, "crm2000"),
    ):
        with pytest.raises(sf.Refused) as refused:
            blocked()
        assert broken(refused.value) == ["fair_only"]
    told = {move.operation: move.blockers for move in world.acting("li").opportunities.moves(deal) if move.blockers}
    assert [reason.code for reason in told["change_process"]] == ["rule_broken"]
    assert [reason.code for reason in told["advance"]] == ["rule_broken"]
