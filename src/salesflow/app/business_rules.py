"""
The application's own business rules: functions of one record, each bound to operations of the facade (RULE-1).

A rule gets the record and nothing else: no store, no clock, no person. What it raises, or gives in place of True or
False, is its author's fault: `PortError`, and nothing is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from salesflow.app.grades import graded
from salesflow.errors import InvalidInput, PortError
from salesflow.model import Decision, Label, Reason, apply
from salesflow.model.label import as_label
from salesflow.model.requests import named
from salesflow.visibility.access import ACCESS

if TYPE_CHECKING:
    from salesflow.app.case import Case

_GROUPS = ("leads", "opportunities", "customers", "contacts", "documents")
_CREATE = {
    "lead": "leads.create",
    "opportunity": "opportunities.create",
    "customer": "customers.create",
    "contact": "contacts.create",
}
_NO_OPERATION_OF_ITS_OWN = ("each", "start_dialog", "recycle_overdue", "after_sales_task")

RULED_OPERATIONS = tuple(
    operation
    for operation, row in ACCESS.items()
    if operation.partition(".")[0] in _GROUPS
    and not row.readers
    and operation.partition(".")[2] not in _NO_OPERATION_OF_ITS_OWN
)
"""Every operation that a rule can bind: those that change a lead, an opportunity, a customer, a contact, a document."""


def _operations(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else (given,)


@frozen
class BusinessRule:
    """
    A business rule (业务规则) of the application.

    Args:
        code: Unique within the flow, for ever; a refusal carries it.
        before: The operations that it binds, such as ``"leads.convert"``; one or several.
        holds: Gets the record and returns whether the rule holds. For ``create`` that is the record as it would be
            made, whichever operation makes it (``leads.convert`` and ``leads.push_down`` make records too); for
            ``edit`` as it would be afterwards; for every other operation as it stands. A document is issued of the
            record that it is for.
        message: What people are told when it does not hold, in any language.

    Raises:
        InvalidInput: An operation is unknown or changes nothing, there is no message, or *holds* cannot be called.

    Source: RULE-1.
    """

    code: str
    before: tuple[str, ...] = field(converter=_operations)
    holds: Callable[[Any], bool]
    message: Label = field(converter=as_label)

    def __attrs_post_init__(self) -> None:
        named(self.code, "code")
        for operation in self.before:
            if operation not in RULED_OPERATIONS:
                known = ", ".join(RULED_OPERATIONS)
                raise InvalidInput("before", operation, f"is no operation that a rule can bind; those are {known}")
        if not self.before:
            raise InvalidInput("before", self.before, "must name an operation")
        if not callable(self.holds):
            raise InvalidInput("holds", self.holds, "must be a function that takes a record and returns True or False")
        named(self.message.text(), "message")


class BusinessRules:
    """
    The rules of one flow, by the operations that they bind.

    Args:
        rules: Each code once.

    Raises:
        InvalidInput: One of them is no `BusinessRule`, or has the code of another.
    """

    def __init__(self, rules: Iterable[BusinessRule]) -> None:
        given: Any = rules
        if not isinstance(given, Iterable):
            raise InvalidInput("rules", given, "must be a list of BusinessRule")
        self._by_operation: dict[str, list[BusinessRule]] = {}
        codes: set[str] = set()
        for rule in given:
            if not isinstance(rule, BusinessRule):
                raise InvalidInput("rules", rule, "must be a list of BusinessRule")
            if rule.code in codes:
                raise InvalidInput("rules", rule.code, "stands there twice; each rule has a code of its own")
            codes.add(rule.code)
            for operation in dict.fromkeys(rule.before):
                self._by_operation.setdefault(operation, []).append(rule)

    def bind(self, operation: str) -> bool:
        """Whether any rule binds *operation*."""
        return operation in self._by_operation

    def broken(self, operation: str, record: Any) -> tuple[Reason, ...]:
        """
        Return a reason for each rule that stands in the way of *operation* on *record*, in the order given.

        Raises:
            PortError: A rule failed, or gave neither True nor False.

        Source: RULE-1.
        """
        return tuple(
            Reason("rule_broken", rule=rule.code, message=rule.message, needs=())
            for rule in self._by_operation.get(operation, ())
            if not _holds(rule, record)
        )

    def against_new(self, record: Any) -> tuple[Reason, ...]:
        """Return a reason for each rule that stands in the way of making *record*, whichever operation makes it."""
        return self.broken(_CREATE[record.KIND], record)


def _holds(rule: BusinessRule, record: Any) -> bool:
    name = f"business rule {rule.code!r}"
    try:
        answer: object = rule.holds(record)
    except Exception as error:  # the library's own errors too: to compare unlike currencies is the rule's fault
        raise PortError(name, f"{type(error).__name__}: {error}") from error
    if not isinstance(answer, bool):
        raise PortError(name, f"gave {type(answer).__name__}, not True or False")
    return answer


def against_rules(case: Case, operation: str, decision: Decision) -> tuple[Reason, ...]:
    """
    Return a reason for each of the application's rules that stands in the way of what was decided.

    Of an edit they look at the record as it would be, so where there is none, since it is refused, nothing is asked.

    Source: RULE-1.
    """
    rules = case.kernel.rules
    if not rules.bind(operation):
        return ()
    record = case.record
    if operation.endswith(".edit"):
        if decision.reasons:
            return ()
        record = apply(record, graded(case, decision.events)) if decision.events else record
    return rules.broken(operation, record)


def against_making(case: Case, operation: str, made: Any | None) -> tuple[Reason, ...]:
    """
    Return a reason for each of the application's rules that stands in the way of *operation*, which makes a record.

    Args:
        case: What it was decided from, such as an upstream lead, or no record.
        made: The record at version 1; None where it could not be made.

    Source: RULE-1.
    """
    rules = case.kernel.rules
    of_old = () if case.record is None else rules.broken(operation, case.record)
    return of_old if made is None else (*of_old, *rules.against_new(made))
