"""Finding a record by itself or by its id alone, of whatever kind it is: what `why` and `who_can_see` ask about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salesflow.app.execution import reference
from salesflow.app.kernel import Kernel
from salesflow.app.redirects import survivor
from salesflow.errors import InvalidInput, NotFound

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
