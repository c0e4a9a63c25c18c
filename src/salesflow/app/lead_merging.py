"""Two leads that are one: merged field by field, and brought apart again (LEAD-15)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import evolve

from salesflow import process
from salesflow.app.case import Case
from salesflow.app.execution import reference
from salesflow.app.history import Readable
from salesflow.app.redirects import survivor
from salesflow.errors import Conflict, NotFound
from salesflow.model import Decision, Document, Lead, LeadCard, LeadStatus, Reason, apply, replay
from salesflow.ports import Write
from salesflow.process.lead_merging import Together, of_other
from salesflow.visibility import FieldCompare


class LeadMerging(Readable[Lead]):
    """Merging duplicates, and undoing it."""

    def merge(
        self, lead: Lead | LeadCard | str, other: Lead | LeadCard | str, *, fields: Mapping[str, str] | None = None,
    ) -> Lead:  # fmt: skip
        """
        Merge another lead into this one, which survives and is returned; a merge can be undone with `unmerge`.

        The other's activities and documents move here. It is hidden from then on, and its id leads here: reading it
        gives this lead, and whatever else is asked of it is refused with `is_merged`.

        Args:
            lead: The lead that survives.
            other: The lead that is merged into it; the person must see both, and may merge both.
            fields: Which lead a field shall come from, ``"survivor"`` or ``"other"``, by the field's name: ``title
                contact company phone email channel source description quote_number contract_number owner``, or
                ``custom.`` and a key. What is not named is the survivor's own, or where that is empty the other's.
                Status and branch go with the owner.

        Raises:
            NotFound: One of them is not there, or may not be seen.
            InvalidInput: *fields* names what cannot be chosen, or both leads are one.
            Refused: `is_voided`, `is_disabled`, `wrong_status` for a disqualified survivor, `both_converted`,
                `owner_stays`, `owner_missing`, `reach_missing`, `not_permitted`; `other_lead` for what is in the way
                of the other, `is_merged` for one that does not stand for itself any more.
            Conflict: One of the snapshots is outdated.

        Source: LEAD-15, ACC-20.
        """
        id, chosen = reference("lead", other)[0], {} if fields is None else fields

        def beside(case: Case) -> tuple[Write, ...]:
            together = _merged(case, other, chosen)
            if together.survivor.reasons:
                return ()
            return _writes(case, id, together, _documents_of(case, id), case.record.id)

        def intent(case: Case, *_given: Any) -> Decision:
            return _merged(case, other, chosen).survivor

        return self._change("merge", lead, intent, id, chosen, beside=beside)

    def unmerge(self, lead: Lead | LeadCard | str) -> Lead:
        """
        Undo the latest merge into a lead, and return it: the other is again what it was, in every field.

        Of this lead, each field that still holds what the merge gave it gets back what it held before; what was
        changed since stays. Activities and documents that came with the other lead go with it. Of several merges the
        latest is undone first.

        Args:
            lead: The survivor; or the other lead, by its id, which is then the one to be brought back.

        Raises:
            NotFound: It is not there, or may not be seen.
            Refused: `not_merged`, `merged_later`, `is_voided`, `is_disabled`, `reach_missing`, `not_permitted`.
            PortError: The store keeps no history.

        Source: LEAD-15, ACC-20.
        """

        def beside(case: Case) -> tuple[Write, ...]:
            together = _unmerged(case)
            if together.survivor.reasons:
                return ()
            latest = case.record.merges[-1]
            moved = [case.get("document", id) for id in latest.documents]
            there = [document for document in moved if document is not None and document.lead == case.record.id]
            return _writes(case, latest.lead, together, there, latest.lead)

        return self._change("unmerge", lead, unmerge_leads, beside=beside, follows=True)


def unmerge_leads(case: Case) -> Decision:
    """LEAD-15. The latest merge; where another lead was asked for that was merged earlier, the latest is in its way."""
    return _unmerged(case).survivor


def merge_with_somebody(case: Case) -> Decision:
    """LEAD-15, for `moves`: with a lead of which nothing is in the way."""
    stranger = Lead(id="", version=1, title="-", owner=None, status=LeadStatus.UNASSIGNED)
    return process.merge_leads(case.record, stranger, by=case.person, at=case.now).survivor


def latest_merge(case: Case) -> str | None:
    """Return the id of the lead that was merged into the case's last; None where none was."""
    merges = case.record.merges
    return merges[-1].lead if merges else None


def _merged(case: Case, ref: Lead | LeadCard | str, fields: Mapping[str, str]) -> Together:
    """Decide on both leads; who may merge must see both, and be let by the access table for each."""
    id, version = reference("lead", ref)
    other: Any = case.get("lead", id)
    there = survivor(case.kernel, other)
    if there is None or not case.sight.can_see(case.person, there):
        raise NotFound("lead", id)
    own = process.against_surviving(case.record)
    if there is not other:
        return Together(process.refused(*own, *of_other(id, (Reason("is_merged", into=there.id),))))
    if version not in (None, other.version):
        raise Conflict("lead", id, version, other.version)
    refusals = of_other(id, case.sight.refusals(case.person, "leads.merge", other))
    if refusals and not case.sight.sees_whole(case.person, other):
        return Together(process.refused(*own, *refusals))
    documents = [document.id for document in _documents_of(case, id)]
    decided = process.merge_leads(
        case.record, other, fields, documents=documents, redirects=_redirects(case, other), by=case.person, at=case.now
    )
    if not refusals:
        return decided
    return Together(process.refused(*decided.survivor.reasons, *refusals))


def _redirects(case: Case, other: Lead) -> list[str]:
    """Return, of the leads that the two are linked to, those that were merged into one of them."""
    both: tuple[Lead, Lead] = (case.record, other)
    links = [lead.duplicate_of for lead in both if lead.duplicate_of is not None]
    ids = [str(link.id) for link in links if link.kind == "lead"]
    return [id for id in ids if survivor(case.kernel, case.get("lead", id)) in both]


def _unmerged(case: Case) -> Together:
    merged: Lead = case.record
    reasons = process.against_unmerging(merged, case.redirected_from)
    if reasons:
        return Together(process.refused(*reasons))
    latest = merged.merges[-1]
    told = case.kernel.events("lead", merged.id)
    before = replay(event for event in told if event.version < latest.version)
    after = replay(event for event in told if event.version <= latest.version)
    if not case.sight.has_pool(before.pool):  # it was deleted since: then the lead lies in the common one
        before = evolve(before, pool=None)
    other: Any = case.get("lead", latest.lead)
    return process.unmerge_leads(merged, before, after, other, by=case.person, at=case.now)


def _documents_of(case: Case, lead: str) -> list[Document]:
    return list(case.kernel.query("document", FieldCompare("lead", "==", lead)))


def _writes(case: Case, lead: str, together: Together, documents: Iterable[Document], to: str) -> tuple[Write, ...]:
    """Return what is written beside the survivor: the other *lead*, and the documents, which go to *to*."""
    other: Any = case.get("lead", lead)
    events = together.other.events
    writes = [Write("lead", other.id, other.version, apply(other, events), events)]
    for document in documents:
        moved = process.move_document(document, to, by=case.person, at=case.now, operation=events[0].operation)
        writes.append(Write("document", document.id, document.version, apply(document, moved.events), moved.events))
    return tuple(writes)
