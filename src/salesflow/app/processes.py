"""The processes that a flow knows, by id and version, each with its engine (PROC-6: a record stays on its version)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from salesflow.errors import InvalidInput
from salesflow.model import SalesProcess
from salesflow.process import Engine, compile


class Processes:
    """
    Looks up templates and their engines.

    Args:
        templates: Templates, or a mapping to them; several versions of one id may be there.

    Raises:
        InvalidInput: One id and version stands twice with different contents.
        TemplateError: A template has errors.
    """

    def __init__(self, templates: Mapping[str, SalesProcess] | Iterable[SalesProcess]) -> None:
        listed = templates.values() if isinstance(templates, Mapping) else templates
        if not isinstance(listed, Iterable):
            raise InvalidInput("processes", templates, "must be SalesProcess templates, or a mapping to them")
        self._engines: dict[tuple[str, int], Engine] = {}
        self._latest: dict[str, int] = {}
        for template in listed:
            if not isinstance(template, SalesProcess):
                raise InvalidInput("processes", template, "must be SalesProcess templates")
            engine = _engine(template)
            key = (template.id, template.version)
            known = self._engines.get(key)
            if known is not None and known.process != template:
                raise InvalidInput(
                    "processes", f"{template.id} version {template.version}", "stands twice, differently"
                )
            self._engines[key] = engine
            self._latest[template.id] = max(template.version, self._latest.get(template.id, 0))

    def engine(self, id: str, version: int) -> Engine:
        """
        Return the engine of a template version that a record is pinned to.

        Raises:
            InvalidInput: The application did not hand this version over; it must, while records are on it.
        """
        engine = self._engines.get((id, version))
        if engine is None:
            raise InvalidInput("process", f"{id} version {version}", "is not among the processes of this flow")
        return engine

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the templates, in the order in which they were handed over."""
        return tuple(self._latest)

    def newest(self, id: str) -> Engine | None:
        """Return the engine of the newest version of a template, or None where there is no such template."""
        version = self._latest.get(id)
        return None if version is None else self._engines[id, version]

    def every(self) -> Iterator[Engine]:
        """Give the engine of each version of each template."""
        return iter(self._engines.values())

    def all_newest(self) -> Iterator[Engine]:
        """Give the engine of the newest version of each template, by their ids."""
        return (self._engines[id, self._latest[id]] for id in sorted(self._latest))

    def latest(self, id: str | None) -> Engine:
        """
        Return the engine of the newest version of a template.

        Args:
            id: The template's id; None is fine where there is only one template.

        Raises:
            InvalidInput: There is no such template, or the choice is not clear; the message lists them.
        """
        if id is None and len(self._latest) == 1:
            id = next(iter(self._latest))
        if not isinstance(id, str) or id not in self._latest:
            raise InvalidInput("process", id, f"must be one of {', '.join(sorted(self._latest))}")
        return self._engines[id, self._latest[id]]


def _engine(template: SalesProcess) -> Engine:
    try:
        return compile(template)
    except TypeError:
        # It holds what cannot be hashed, hence is no key of the kept engines; a new engine says where it is wrong.
        return Engine(template)
