"""Finding a record by a snapshot or an id: of whatever kind it is, for `why` and `who_can_see`; or of one kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salesflow.app.execution import reference
from salesflow.app.kernel import Kernel
from salesflow.app.redirects import survivor
from salesflow.errors import Conflict, InvalidInput, NotFound

KINDS_SEEN = ("opportunity", "lead", "customer", "contact", "document")
"""The kinds of record that an id is looked up in, in this order."""


def find(kernel: Kernel, ref: Any, is_seen: Callable[[Any], bool] = lambda found: True) -> Any:
    """
    Return the store's record for a record or an id of any kind that can be seen; of a merged lead the survivor.

    Args:
        is_seen: Whether a record is there for whoever asks; one that is not might as well not exist.

    Raises:
        NotFound: There is none.
        InvalidInput: *ref* is neither.
    """
    kinds: tuple[str, ...] = KINDS_SEEN
    if isinstance(ref, str):
        id = ref
    else:
        kind = getattr(ref, "KIND", "")
        if kind not in KINDS_SEEN:
            raise InvalidInput("record", ref, "must be a record or the id of one")
        kinds, id = (kind,), reference(kind, ref)[0]
    for kind in kinds:
        found = survivor(kernel, kernel.get(kind, id))
        if found is not None and is_seen(found):
            return found
    raise NotFound("record" if isinstance(ref, str) else kinds[0], id)


def load(kernel: Kernel, kind: str, ref: Any) -> Any:
    """
    Return the store's record of *kind*, for what no scene hides from whoever asks.

    Args:
        ref: A snapshot, which must be of the version that the store has, or an id.

    Raises:
        NotFound: There is none.
        Conflict: The snapshot is not of the version that the store has.
        InvalidInput: *ref* is neither a snapshot of this kind nor an id.
    """
    id, version = reference(kind, ref)
    found = kernel.get(kind, id)
    if found is None:
        raise NotFound(kind, id)
    if version is not None and version != found.version:
        raise Conflict(kind, id, version, found.version)
    return found
