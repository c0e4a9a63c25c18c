"""What one person may do with opportunities (商机): `flow.acting_as(person).opportunities`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypedDict, Unpack

from attrs import evolve

from salesflow.app import intents
from salesflow.app.attention import Attention
from salesflow.app.case import Made
from salesflow.app.dialogs import GuidedOpportunities
from salesflow.app.each import Repeated
from salesflow.app.execution import Execution
from salesflow.app.moves import opportunity_moves
from salesflow.app.opportunity_documents import OpportunityDocuments
from salesflow.app.paging import Page
from salesflow.app.stage_moves import StageMoves
from salesflow.app.superiors import SuperiorDecisions
from salesflow.app.task_work import TaskWork
from salesflow.app.team_work import TeamWork
from salesflow.model import (
    LedBy,
    Money,
    NewOpportunity,
    Opportunity,
    ProductLine,
    TeamMember,
)
from salesflow.model.requests import named
from salesflow.pipeline import Board, Card, RatePolicy, board, card, check_policy, converted
from salesflow.process import Move, create_opportunity


class OpportunityChanges(TypedDict, total=False):
    """The fields that `OpportunityDesk.edit` takes; what is left out stays."""

    name: str
    customer: str | None
    contact: str | None
    amount: Money | None
    close_date: date | None
    probability: int
    led_by: LedBy
    source: str | None
    products: Sequence[ProductLine]
    custom: Mapping[str, Any]


class OpportunityDesk(
    StageMoves,
    TaskWork,
    TeamWork,
    SuperiorDecisions,
    OpportunityDocuments,
    Attention,
    GuidedOpportunities,
    Repeated[Opportunity],
):
    """
    Every operation on opportunities, each checked against what the person may see and do.

    Every operation takes a record or its id. A record means "I decided on this snapshot" and raises `Conflict`
    if somebody changed it meanwhile; an id means "whatever it is now". Each returns the record as it is then,
    and each raises `NotFound` for a record that is not there or may not be seen, and `Refused` with every
    reason, `wrong_status`, `is_voided`, `not_permitted` and `rule_broken` among them.
    """

    def __init__(self, execution: Execution) -> None:
        super().__init__(execution, "opportunity")

    def create(
        self, name: str, *, customer: str | None = None, contact: str | None = None, amount: Money | None = None,
        close_date: date | None = None, process: str | None = None, stage: str | None = None,
        reason: str | None = None, owner: str | None = None, led_by: LedBy = LedBy.US,
        team: Iterable[TeamMember] = (), source: str | None = None,
    ) -> Opportunity:  # fmt: skip
        """
        Create an opportunity.

        Args:
            customer, contact: Ids; at least one, and the person can see it.
            amount: What it may be worth; None leaves the grade undecided.
            close_date: The expected close date, a plain day, today or later.
            process: The template's id; None is fine where the flow has only one.
            stage: A later stage than the first, by the template's jump rule.
            reason: Why it enters later, where that rule asks.
            owner: Who answers for it; None means the acting person.
            team: Members beside the owner.

        Raises:
            Refused: `customer_missing`, `customer_unknown`, `contact_unknown`, `close_date_past`,
                `stage_unknown`, `reason_missing`, `person_unknown` and the like.

        Source: OPP-1.
        """
        run = self._execution
        request = NewOpportunity(
            name,
            amount=amount,
            process=process,
            close_date=close_date,
            stage=stage,
            reason=reason,
            led_by=led_by,
            team=team,
        )
        request = evolve(request, team=map(intents.team_member, request.team))
        given = (request, customer, contact, owner, source)
        answering = run.person if owner is None else named(owner, "owner")
        for kind, id in (("customer", customer), ("contact", contact)):
            if id is not None:
                named(id, kind)
        members = [member.person for member in request.team]
        came_from = None if source is None else named(source, "source")

        def decide() -> Made[Opportunity]:
            case = run.blank()
            made, decision = create_opportunity(
                case.kernel.processes.latest(process).process, request, id=case.kernel.new_id("opportunity"),
                owner=answering, customer=customer, contact=contact, grader=case.grader(), by=run.person, at=case.now,
                today=case.today, source=came_from,
                past_close_date_allowed=case.kernel.settings.past_close_date_allowed,
            )  # fmt: skip
            reasons = (
                *decision.reasons,
                *intents.party_reasons(case, customer, contact),
                *intents.employee_reasons(case, answering, *members),
            )
            return Made(case, made, decision.events, reasons)

        return run.make("opportunities.create", name, given, decide)

    def get(self, opportunity: Opportunity | str) -> Opportunity:
        """
        Return the opportunity as it is now.

        Source: VIS-17, ACC-26.
        """
        return self._get(opportunity)

    def list(
        self, scene: str = "all", *, order_by: str | None = None, limit: int = 50, after: str | None = None
    ) -> Page[Opportunity]:
        """
        Return one page of the opportunities that the person sees in *scene*.

        Args:
            scene: ``all mine joint serviced participating won lost subordinates subordinates_joint
                subordinates_serviced shared departments``, ``voided`` for administrators, or one of the
                application's own.
            order_by: ``close_date amount name probability created_at updated_at last_activity_at id``; a leading
                minus means largest first; by amount means by currency, then amount. None means ``-close_date``.
            limit: 1 to 1000.
            after: The `after` of the page before.

        Source: VIS-1 … VIS-13.
        """
        return self._page(scene, order_by, limit, after)

    def board(self, scene: str = "all", *, process: str | None = None, rates: RatePolicy | None = None) -> Board:
        """
        Return the stage view (阶段视图) of one process: count, amount and weighted amount per stage and currency.

        Args:
            process: The template's id; None is fine where the flow has only one.
            rates: By which the sums become one currency; None shows currencies apart. Cards show records as they are.

        Source: PIPE-1, PIPE-8, VIS-16.
        """
        check_policy(rates)
        run = self._execution
        run.admit(run.blank(), "opportunities.board", ())
        template = run.kernel.processes.latest(process).process
        seen = run.kernel.query("opportunity", run.visible("opportunity", scene))
        now = run.kernel.now()
        today = run.kernel.today(now)
        shown = board(seen, template, now=now, today=today)
        if rates is None:
            return shown
        summed = board(converted(seen, rates, today), template, now=now, today=today)
        pairs = zip(shown.columns, summed.columns, strict=True)
        return evolve(shown, columns=tuple(evolve(sums, cards=column.cards) for column, sums in pairs))

    def card(self, opportunity: Opportunity | str) -> Card:
        """
        Return what a list shows beside the fields: last activity, activities in 30 days, the next task that is due.

        Source: PIPE-1.
        """
        case = self._execution.reading("opportunities.card", "opportunity", opportunity)
        return card(case.record, now=case.now, today=case.today)

    def resources(self, opportunity: Opportunity | str) -> Mapping[str, Any]:
        """
        Return what an opportunity of its grade may use, by the flow's settings; nothing while it is undecided.

        Source: GRADE-5.
        """
        case = self._execution.reading("opportunities.resources", "opportunity", opportunity)
        return case.kernel.settings.resources.of(case.record.grade.effective)

    def moves(self, opportunity: Opportunity | str) -> Sequence[Move]:
        """
        Return what could be done with it now, each with every reason against it, its inputs and its effects.

        Source: OPP-14.
        """
        return opportunity_moves(self._execution, opportunity)

    def edit(self, opportunity: Opportunity | str, **changes: Unpack[OpportunityChanges]) -> Opportunity:
        """
        Change exactly the named fields; amount and lead party grade it again.

        Args:
            changes: ``probability`` in whole percent; ``custom`` as a mapping of the custom fields to set.

        Source: OPP-18, OPP-2, GRADE-4.
        """
        return self._change("edit", opportunity, intents.edit_opportunity, changes)

    def add_activity(
        self, opportunity: Opportunity | str, kind: str, text: str, *, at: datetime | None = None
    ) -> Opportunity:
        """
        Add an activity or a note.

        Args:
            kind: ``call letter fax appointment email visit note`` or any other word.
            at: When it happened (aware); None means now.

        Source: OPP-19.
        """
        return self._change("add_activity", opportunity, intents.add_activity, kind, text, at)
