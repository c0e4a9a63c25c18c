"""Automations of a template: small ones, sound by `salesflow.process.checks`, every event and action among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from salesflow.model import AutomaticNotice, AutomaticTask, Automation, Condition, DocumentKind
from salesflow.process.automation import HAPPENINGS, ONE_PERSON, TEAM

_WORDS = tuple(word for word, happening in HAPPENINGS.items() if happening.record_kind == "opportunity")
_MESSAGES = st.sampled_from(
    ("Won!", "{customer} buys {title} for {amount}", {"en": "{owner} in {stage}", "zh": "{causer} 在 {stage}"})
)


@st.composite
def automations(
    draw: st.DrawFn, stages: Sequence[str], roles: Sequence[str], conditions: st.SearchStrategy[Condition]
) -> Automation:
    """
    Sound automations of a template.

    Args:
        stages: The codes of its stages.
        roles: The team roles that it may name.
        conditions: Conditions on its opportunities.

    Source: RULE-3.
    """
    on = draw(st.sampled_from(_WORDS))
    somebody = [*ONE_PERSON, "person:li", *(f"role:{role}" for role in roles)]
    actions: dict[str, st.SearchStrategy[Any]] = {
        "notify": st.builds(
            AutomaticNotice,
            st.lists(st.sampled_from([*somebody, TEAM]), unique=True, min_size=1, max_size=3),
            _MESSAGES,
        ),
        "issue_document": st.sampled_from([str(kind) for kind in DocumentKind]),
        "call": st.sampled_from(("tell_erp", "h" * 60)),
        "create_task": st.builds(
            AutomaticTask,
            st.sampled_from(("first_contact", "c" * 60)),
            st.sampled_from(("Call them", {"zh": "联系客户"})),
            due_in_days=st.none() | st.integers(0, 3_650),
            assignee=st.none() | st.sampled_from(somebody),
        ),
    }
    action = draw(st.sampled_from(sorted(set(actions) - set(HAPPENINGS[on].misfits))))
    return Automation(
        draw(st.sampled_from(("first", "tell", "a" * 60))),
        on,
        stage=draw(st.none() | st.sampled_from(stages)),
        when=draw(st.lists(conditions, max_size=2)),
        origin=draw(st.none() | st.just("salesflow")),
        **{action: draw(actions[action])},
    )
