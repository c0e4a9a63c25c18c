"""
What an automation does: a task, a notice, a document, or the application's own handler (RULE-3).

Every action goes through the ordinary operations, as whoever caused the event: with their rights, with what they see,
and done once however often it is tried. A notice tells nobody of a record that they cannot see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from salesflow.app.kernel import Kernel
from salesflow.app.port import NOTIFIER_PORT
from salesflow.errors import InvalidInput, NotFound, Refused
from salesflow.model import AutomaticNotice, AutomaticTask, Automation, Delivery, Label, Reason
from salesflow.ports import Notification
from salesflow.process import PERSON, ROLE, TEAM
from salesflow.visibility import Sight

if TYPE_CHECKING:
    from salesflow.app.acting import Acting
    from salesflow.app.automation import Handler

UNKNOWN = "–"
"""What a message has in place of what is not known, or not for its reader."""

LONGEST_ERROR = 300
"""Of what a handler raised, so many characters are kept."""

_BRACES = re.compile(r"\{(\w+)\}")


class Failed(Exception):
    """It failed for this reason, and may succeed later."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason)


class Hopeless(Failed):
    """It failed for this reason, and trying again cannot help."""


def trouble(error: Exception) -> tuple[Reason, ...]:
    """Return what *error* says as reasons that can be kept: those of a refusal, or what it is and says in words."""
    if isinstance(error, Failed):
        return (error.reason,)
    if isinstance(error, Refused) and error.reasons and all(isinstance(each, Reason) for each in error.reasons):
        return tuple(each for each in error.reasons if isinstance(each, Reason))
    return (Reason("automation_failed", error=_words(error)),)


def _words(error: Exception) -> str:
    try:
        words = f"{type(error).__name__}: {error}"
    except Exception:  # what is raised may be of any class, and its text may fail too
        words = type(error).__name__
    return "".join(each if each.isprintable() else " " for each in words[:LONGEST_ERROR])


def _is_there(error: Refused | InvalidInput) -> bool:
    """Whether a task was not made because it is there: the stage has it, or the key was used, for another assignee."""
    if isinstance(error, InvalidInput):
        return error.what == "key"
    return [reason.code for reason in error.reasons] == ["task_exists"]


class Actions:
    """
    Does what automations ask for.

    Args:
        kernel: The ports.
        handlers: The application's own, by name.
        acting: Gives what a person may do, with an idempotency key or None.
    """

    def __init__(
        self, kernel: Kernel, handlers: Mapping[str, Handler], acting: Callable[[str, str | None], Acting]
    ) -> None:
        self._kernel, self._acting = kernel, acting
        self._handlers = dict(handlers)
        self._keeps_keys = hasattr(kernel.store, "done") and hasattr(kernel.store, "events")

    def can_do(self, automation: Automation) -> bool:
        """Whether the application has the port that the action goes through; else nothing asks for it."""
        if automation.notify is not None:
            return self._kernel.notifier is not None
        return automation.issue_document is None or self._kernel.documents is not None

    def require_handlers(self, automations: Iterable[Automation], where: str) -> None:
        """Raise `InvalidInput` where one of them calls a handler that is not registered."""
        for automation in automations:
            if automation.call is not None and automation.call not in self._handlers:
                rule = f"is called by automation {automation.code!r} of {where}; register it, as handlers={{name: …}}"
                raise InvalidInput("handlers", automation.call, rule)

    def do(self, automation: Automation | None, delivery: Delivery) -> None:
        """
        Do what *automation* asks for, for *delivery*; a failure is raised.

        Args:
            automation: None where the flow does not have it any more.

        Source: RULE-3.
        """
        if automation is None:
            raise Hopeless(Reason("automation_unknown", automation=delivery.automation))
        sight = self._kernel.sight()
        if not sight.knows(delivery.by):
            raise Hopeless(Reason("causer_gone", person=delivery.by))
        record = self._kernel.get(delivery.record_kind, delivery.record_id)
        if record is None:
            raise Hopeless(Reason("record_gone", kind=delivery.record_kind))
        if automation.notify is not None:
            self._notify(automation.notify, delivery, record, sight)
            return
        try:
            if automation.create_task is not None:
                self._create_task(automation.create_task, delivery, record, sight)
            elif automation.issue_document is not None:
                getattr(self._once(delivery).opportunities, f"issue_{automation.issue_document}")(record.id)
            else:
                self._handlers[automation.call or ""](self._acting(delivery.by, None), delivery)
        except NotFound as error:
            if (error.kind, error.id) != (record.KIND, record.id):
                raise
            raise Hopeless(Reason("causer_gone", person=delivery.by)) from error

    def _create_task(self, task: AutomaticTask, delivery: Delivery, record: Any, sight: Sight) -> None:
        """Add the task, unless the stage has it already."""
        people = () if task.assignee is None else _people(task.assignee, delivery, record, sight)
        due = None
        if task.due_in_days is not None:
            due = self._kernel.today(delivery.at) + timedelta(days=task.due_in_days)
        desk = self._once(delivery).opportunities
        try:
            desk.add_task(
                record.id, str(task.name).strip() or task.code, code=task.code, assignee=next(iter(people), None),
                due=due,
            )  # fmt: skip
        except (Refused, InvalidInput) as error:
            if not _is_there(error):
                raise

    def _once(self, delivery: Delivery) -> Acting:
        """What the causer may do, with a key of the delivery's: what it did already is not done again (I-20)."""
        return self._acting(delivery.by, f"automation {delivery.id}" if self._keeps_keys else None)

    def _notify(self, notice: AutomaticNotice, delivery: Delivery, record: Any, sight: Sight) -> None:
        """Tell everybody who is meant and may know; nobody being meant is no failure, nobody who may know is one."""
        notifier = self._kernel.notifier
        if notifier is None:
            raise Failed(Reason("notifier_unavailable"))
        meant = dict.fromkeys(person for who in notice.to for person in _people(who, delivery, record, sight))
        told = [
            person for person in meant
            if sight.knows(person) and sight.can_see(person, record) and sight.sees_whole(person, record)
        ]  # fmt: skip
        if meant and not told:
            raise Failed(Reason("nobody_to_tell", people=tuple(meant)))
        for person in told:
            message = self._message(notice.message, delivery, record, sight, person)
            notification = Notification(
                f"{delivery.id}:{person}", person, delivery.record_kind, delivery.record_id, delivery.automation,
                message, delivery.at,
            )  # fmt: skip
            with NOTIFIER_PORT:
                notifier.notify(notification)

    def _message(self, message: Label, delivery: Delivery, record: Any, sight: Sight, reader: str) -> Label:
        """Return the message with its placeholders filled, as far as *reader* may know."""
        kernel = self._kernel

        def name_of(person: str | None) -> str:
            employee = None if person is None else sight.index.employees.get(person)
            return (employee.name if employee is not None else "") or person or UNKNOWN

        def customer() -> str:
            for kind in ("customer", "contact"):
                id = getattr(record, kind, None)
                party = None if id is None else kernel.get(kind, id)
                if party is not None and sight.can_see(reader, party):
                    return str(party.name)
            return UNKNOWN

        def facts(language: str) -> dict[str, str]:
            known = {"owner": name_of(record.owner), "causer": name_of(delivery.by)}
            if delivery.record_kind == "lead":
                return {**known, "title": record.title, "customer": record.company or record.contact or UNKNOWN}
            amount = record.actual_amount or record.amount
            day = record.actual_close_date or record.close_date
            stages = kernel.processes.engine(record.process, record.process_version).process.stages
            names = {stage.code: stage.name.text(language) for stage in stages}
            return {
                **known,
                "title": record.name,
                "customer": customer(),
                "amount": UNKNOWN if amount is None else str(amount),
                "close_date": UNKNOWN if day is None else day.isoformat(),
                "stage": names.get(delivery.stage or "") or delivery.stage or UNKNOWN,
            }

        return Label({language: _filled(text, facts(language)) for language, text in message.texts})


def _filled(text: str, facts: Mapping[str, str]) -> str:
    return _BRACES.sub(lambda found: facts.get(found[1], UNKNOWN), text)


def _people(who: str, delivery: Delivery, record: Any, sight: Sight) -> tuple[str, ...]:
    """Return whom *who* means, of the record as it is now; empty where there is nobody such."""
    if who == "causer":
        return (delivery.by,)
    if who.startswith(PERSON):
        return (who.removeprefix(PERSON),)
    if who == TEAM or who.startswith(ROLE):
        members = getattr(record, "team", ())
        return tuple(each.person for each in members if who == TEAM or each.role == who.removeprefix(ROLE))
    if record.owner is None:
        return ()
    return (record.owner,) if who == "owner" else sight.superiors(record.owner)[:1]
