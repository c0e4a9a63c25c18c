"""Stage templates: small ones, sound by `salesflow.process.checks` (errors none, warnings possible)."""

from __future__ import annotations

from hypothesis import strategies as st

from salesflow.model import Jump, Label, RequiredField, Route, SalesProcess, Stage, TaskTemplate, TeamRole, WinFrom
from salesflow.process.checks import APPROVERS
from salesflow.process.findings import WARNINGS
from salesflow.process.requirements import CUSTOM, FIELDS

STAGE_CODES = ("a", "b", "talks", "quote", "stage_9", "x" * 60)
"""The codes of stages: few, so that templates share some."""

TASK_CODES = ("t", "call", "visit_2", "y" * 60)
"""The codes of tasks: few, so that stages share some."""

_LINES = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), max_size=12) | st.sampled_from(
    ('"', "'''", "\\", '"""', "# no comment", "a.b = [", "商机", "e\u0301", "می\u200cخواهم")
)
_NAMES = _LINES.filter(lambda text: bool(text.strip()))
_ORIGINS = st.none() | _NAMES
_ROUTES = st.lists(st.sampled_from(Route), unique=True, max_size=2)
_REASONS = st.lists(st.sampled_from(("price", "late", "other")), unique=True, min_size=1)
_LABELS = st.builds(Label, st.dictionaries(st.sampled_from(("en", "zh", "zh-TW")), _LINES, max_size=2) | _LINES)


@st.composite
def sales_processes(draw: st.DrawFn, *, least_stages: int = 1, most_stages: int = 4) -> SalesProcess:
    """
    Sound templates, biased small; every field takes its default and other values.

    Args:
        least_stages, most_stages: How many stages, 1 to 6.

    Source: PROC-1, PROC-3.
    """
    codes = draw(st.lists(st.sampled_from(STAGE_CODES), unique=True, min_size=least_stages, max_size=most_stages))
    custom_fields = draw(st.lists(st.sampled_from(("budget", "region")), unique=True))
    custom_roles = draw(st.lists(st.sampled_from(("legal", "技术总监")), unique=True))
    fields = [*FIELDS, *(CUSTOM + name for name in custom_fields)]
    roles = [*TeamRole, *custom_roles]
    waivers = [f"{code}: {warning}" for code in codes for warning in WARNINGS]
    return SalesProcess(
        draw(st.sampled_from(("p", "process_2", "z" * 60))),
        draw(st.integers(1, 3) | st.just(2**31 - 1)),
        [draw(_stages(code, fields, roles)) for code in codes],
        name=draw(_LABELS),
        customer_types=draw(st.lists(_NAMES, unique=True, max_size=2)),
        starts_when=draw(_LINES),
        ends_when=draw(_LINES),
        jump=draw(st.sampled_from(Jump)),
        win_from=draw(st.sampled_from(WinFrom)),
        entry_from_lead=draw(st.none() | st.sampled_from(codes)),
        lost_reasons=draw(_REASONS),
        invalid_reasons=draw(_REASONS),
        custom_fields=custom_fields,
        custom_roles=custom_roles,
        waived=draw(st.lists(st.sampled_from(waivers), unique=True, max_size=3)),
        origin=draw(_ORIGINS),
    )


@st.composite
def _stages(draw: st.DrawFn, code: str, fields: list[str], roles: list[str]) -> Stage:
    required = draw(st.lists(st.sampled_from(fields), unique=True, max_size=3))
    tasks = draw(st.lists(st.sampled_from(TASK_CODES), unique=True, max_size=3))
    core = draw(st.none() | st.sampled_from(tasks)) if tasks else None
    return Stage(
        code,
        draw(_LABELS),
        probability=draw(st.integers(0, 100)),
        starts_when=draw(_LINES),
        ends_when=draw(_LINES),
        required_fields=[RequiredField(field, draw(_ROUTES)) for field in required],
        tasks=[
            TaskTemplate(task, draw(_LABELS), is_core=task == core, routes=draw(_ROUTES), origin=draw(_ORIGINS))
            for task in tasks
        ],
        procedures=draw(st.lists(_NAMES, unique=True, max_size=2)),
        roles=draw(st.lists(st.sampled_from(roles), unique=True, max_size=2)),
        limit_days=draw(st.none() | st.integers(1, 36_500)),
        is_optional=draw(st.booleans()),
        approval=draw(st.none() | st.sampled_from(APPROVERS)),
        origin=draw(_ORIGINS),
    )
