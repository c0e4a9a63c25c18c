"""The desks of what administrators keep for everybody: the same for trusted code and for somebody who acts (ACC-23)."""

from __future__ import annotations

from functools import cached_property

from salesflow.app.competitors import CompetitorDesk
from salesflow.app.execution import Execution
from salesflow.app.kernel import Kernel
from salesflow.app.literature import LiteratureDesk
from salesflow.app.pools import PoolDesk
from salesflow.app.sharing import SharingDesk
from salesflow.app.sources import SourceDesk


class Catalogues:
    """
    What administrators create, edit and delete.

    Args:
        kernel: The ports.
        execution: For whom; None is the application itself, which is asked nothing.

    Source: ACC-23.
    """

    def __init__(self, kernel: Kernel, execution: Execution | None) -> None:
        self._catalogues_of = (kernel, execution)

    @cached_property
    def competitors(self) -> CompetitorDesk:
        """The competitors (竞争对手); everybody may read them (CUS-4)."""
        return CompetitorDesk(*self._catalogues_of)

    @cached_property
    def literature(self) -> LiteratureDesk:
        """The sales literature (销售资料); everybody may read it (CUS-5)."""
        return LiteratureDesk(*self._catalogues_of)

    @cached_property
    def sources(self) -> SourceDesk:
        """The lead sources (线索来源); everybody may read them (LEAD-16)."""
        return SourceDesk(*self._catalogues_of)

    @cached_property
    def sharing(self) -> SharingDesk:
        """The sharing rules (数据共享), for administrators (VIS-11)."""
        return SharingDesk(*self._catalogues_of)

    @cached_property
    def pools(self) -> PoolDesk:
        """The lead pools (公海), for administrators (LEAD-14)."""
        return PoolDesk(*self._catalogues_of)
