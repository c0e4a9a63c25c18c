"""
PERF-4: may this viewer see this record? salesflow against other ways to ask, in a company of 10,000.

`benchmarks.visibility.world` makes the company, 500 departments, 100 groups, 200 sharing rules and real
`Opportunity` records; 300 pairs of viewer and record, half allowed, are asked of each engine, and their answers
are equal before anything is timed. The hand-written closure, `rules`, oso and casbin look into the same cached
sets of ancestors (`benchmarks.visibility.facts`), which favours them: salesflow works from the organisation
alone. Cedar has everything parsed beforehand.

*Bound*: ``sight.filter(viewer, "opportunity").matches`` of each pair's viewer, taken before the clock starts, as
a list or an import takes it; the peers are asked with viewer and record, which is all that they offer. For the
closure there is one bound to its viewer, too, reported without a bar. *Anew*: `sight.check` for every check,
which keeps nothing of the viewer. *Who can see* is the ids of everybody; each one's causes are worked
out only when they are read. *Proof* is `sight.why` for each pair: the whole tree, with every part tried and
worded; as for a bound check, what all proofs of one viewer have in common is there before the clock starts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.measure import Result, Work, agree, compared, interleaved
from benchmarks.visibility.facts import Facts
from benchmarks.visibility.with_casbin import asked_by_casbin
from benchmarks.visibility.with_cedar import asked_by_cedar
from benchmarks.visibility.with_closures import hand_bound, hand_inlined
from benchmarks.visibility.with_oso import asked_by_oso
from benchmarks.visibility.with_rules import asked_by_rules
from benchmarks.visibility.world import PAIRS, Company, Pair, found_company, mixed_pairs
from salesflow.visibility import Organization, OrganizationIndex, Sight, VisibilityPolicy

OURS = "bound"


def measure() -> list[Result]:
    """Return the ratios of PERF-4."""
    company = found_company()
    facts = Facts(company)
    pairs = mixed_pairs(company, hand_inlined(facts))
    sight = sight_of(company)
    asked = _questions(company, facts, pairs, sight)
    agree({name: [bool(answer) for answer in ask()] for name, (ask, _) in asked.items()})
    _agree_on_people(company, facts, pairs, sight)
    works = {name: _work(ask, times) for name, (ask, times) in asked.items()}
    works["who"] = _work(lambda: [tuple(sight.who_can_see(record)) for _, record in pairs], 4)
    times = interleaved(works, rounds=11)
    ours = times[OURS]
    return [
        *[
            compared(f"PERF-4 bound check vs {peer}", ours, times[peer], bar)
            for peer, bar in (
                ("closure", ">= 1.5"), ("rules", ">= 12"), ("cedarpy", ">= 400"), ("oso", ">= 500"),
                ("casbin", ">= 2000"),
            )
        ],
        compared("PERF-4 bound check vs closure bound to its viewer", ours, times["bound closure"], None),
        compared("PERF-4 check with the viewer bound anew vs rules", times["anew"], times["rules"], ">= 1"),
        compared("PERF-4 can_see vs bound check", times["can_see"], ours, None),
        compared("PERF-4 full proof vs bound check", times["why"], ours, "<= 60"),
        compared("PERF-4 who can see vs bound check", times["who"], ours, "<= 60"),
    ]  # fmt: skip


def sight_of(company: Company) -> Sight:
    """Return salesflow's view of the company."""
    organization = Organization(
        company.employees.values(), company.departments.values(), administrators=company.administrators
    )
    return Sight(OrganizationIndex(organization), company.sharing_rules, VisibilityPolicy())


def _questions(
    company: Company, facts: Facts, pairs: list[Pair], sight: Sight
) -> dict[str, tuple[Callable[[], list[Any]], int]]:
    """Each engine's way to answer all pairs, and how often it does so in one round."""
    bound = [(sight.filter(viewer, "opportunity").matches, record) for viewer, record in pairs]
    by_hand = [(hand_bound(facts, viewer), record) for viewer, record in pairs]
    closure, by_rules, by_casbin = hand_inlined(facts), asked_by_rules(facts), asked_by_casbin(company, facts)
    by_cedar = asked_by_cedar(company, facts, pairs)
    viewer_of, by_oso = asked_by_oso(facts)
    for_oso = [(viewer_of(viewer), record) for viewer, record in pairs]
    check, can_see, why = sight.check, sight.can_see, sight.why
    return {
        OURS: (lambda: [matches(record) for matches, record in bound], 20),
        "closure": (lambda: [closure(viewer, record) for viewer, record in pairs], 20),
        "bound closure": (lambda: [sees(record) for sees, record in by_hand], 20),
        "can_see": (lambda: [can_see(viewer, record) for viewer, record in pairs], 20),
        "anew": (lambda: [check(viewer, "opportunity")(record) for viewer, record in pairs], 5),
        "why": (lambda: [why(viewer, record).is_visible for viewer, record in pairs], 4),
        "rules": (lambda: [by_rules(viewer, record) for viewer, record in pairs], 5),
        "cedarpy": (lambda: [ask() for ask in by_cedar], 1),
        "oso": (lambda: [by_oso(viewer, record) for viewer, record in for_oso], 1),
        "casbin": (lambda: [by_casbin(viewer, record) for viewer, record in pairs], 1),
    }


def _agree_on_people(company: Company, facts: Facts, pairs: list[Pair], sight: Sight) -> None:
    """Who can see is asked one record at a time; compare a few of them with everybody asked in turn."""
    closure = hand_inlined(facts)
    for _, record in pairs[:20]:
        everybody = {person for person in company.employees if closure(person, record)}
        if record.voided:
            everybody |= company.administrators
        agree({"closure": everybody, "who_can_see": set(sight.who_can_see(record))})


def _work(ask: Callable[[], Any], times: int) -> Work:
    def run(_given: Any) -> None:
        for _ in range(times):
            ask()

    return Work(run, times * PAIRS)
