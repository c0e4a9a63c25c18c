"""What users meet: the public names, their docstrings, and what importing them costs (spec: the public face)."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import attrs
import pytest

import salesflow
from salesflow import errors, ports
from tests.app.test_operations import GROUPS, OPERATIONS

NOUNS = """Lead Opportunity Stage Task TeamMember SalesProcess Customer Contact ContactRole Competitor Activity
    Document Employee Department UserGroup SharingRule Pool Money Ref""".split()
ENUMS = "LeadStatus OpportunityStatus TeamRole Access Grade Route LedBy".split()
REQUESTS = "NewCustomer NewContact NewOpportunity".split()
FACADE = "SalesFlow MemoryStore Organization".split()
ERRORS = "SalesflowError NotFound Refused Conflict InvalidInput TemplateError".split()
ROOMS = "model process visibility grading pipeline testing templates scenes".split()

METHODS = {
    "leads": """create get list count moves history as_of assign claim recycle recycle_overdue follow_up edit convert
        quote order disqualify void unvoid delete merge unmerge push_down set_review_state disable enable""",
    "opportunities": """create get list count board moves history as_of stalled overdue silent edit add_activity
        finish_task reopen_task add_task assign_task unassign_task fill_feedback advance change_stage change_process
        win lose invalidate reopen void unvoid delete change_owner add_member change_member remove_member
        set_contact_role add_competitor remove_competitor set_grade clear_grade waive_stage register_with_partner
        request_approval approve refuse withdraw_approval
        issue_quote issue_contract issue_order issue_invoice
        start_after_sales after_sales_feedback after_sales_advance finish_after_sales""",
    "customers": "create get list edit",
    "contacts": "create get list edit",
    "documents": "get list issue accept record_payment",
    **dict.fromkeys(("competitors", "literature", "sources", "sharing", "pools"), "create get list edit delete"),
    "pipeline": "funnel win_rates",
}
"""The operations of the binding table that this milestone has."""


@pytest.mark.parametrize("name", [*NOUNS, *ENUMS, *REQUESTS, *FACADE, *ERRORS, *ROOMS])
def test_binding_names_are_importable(name: str):
    """The names that the public face binds."""
    assert name in salesflow.__all__
    found = getattr(salesflow, name)
    assert isinstance(found, ModuleType) == (name in ROOMS)


def test_all_is_sorted_and_whole_both_ways():
    """Each name of `__all__` resolves, `dir` shows the same, and every public thing that is loaded is in it."""
    assert salesflow.__all__ == sorted(set(salesflow.__all__))
    assert dir(salesflow) == salesflow.__all__
    found = {name: getattr(salesflow, name) for name in salesflow.__all__}
    assert all(thing is not None for thing in found.values())
    namespace: dict[str, Any] = {}
    exec("from salesflow import *", namespace)
    assert {name for name in namespace if not name.startswith("__")} == set(salesflow.__all__)
    other = {
        name
        for name, value in vars(salesflow).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name not in salesflow.__all__
    }
    assert other <= {"annotations", "TYPE_CHECKING", "Any", "import_module"}
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = salesflow.nonsense


def test_what_type_checkers_see_is_what_there_is():
    """The names under TYPE_CHECKING are those of `__all__`: an editor completes exactly what can be imported."""
    source = inspect.getsource(salesflow)
    block = source[source.index("if TYPE_CHECKING:") : source.index("_HOMES")]
    words = block.replace("(", " ").replace(")", " ").replace(",", " ").split()
    imported = {word for word in words if word in salesflow.__all__}
    assert imported == set(salesflow.__all__)


@pytest.mark.parametrize("group", METHODS)
def test_each_binding_operation_is_a_method(group: str):
    """One operation, one method, one id."""
    assert {f"{group}.{method}" for method in METHODS[group].split()} <= OPERATIONS


def test_the_flow_and_acting_have_their_binding_methods():
    """What hangs on the flow, and on somebody who acts."""
    for name in ("acting_as", "today", "why", "who_can_see", "sharing", "migrate"):
        assert hasattr(salesflow.SalesFlow, name)
    for name in ("why", "who_can_see", "migrate", "once", *GROUPS):
        assert hasattr(salesflow.Acting, name)
    parameters = inspect.signature(salesflow.SalesFlow).parameters
    assert {"store", "organization", "processes", "clock", "ids", "time_zone", "scenes"} <= set(parameters)
    assert parameters["time_zone"].default == "UTC"
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters.values())


@pytest.mark.parametrize("name", [*NOUNS, *REQUESTS])
def test_nouns_are_frozen(name: str):
    """A record, a value and a request never change: there is no setter."""
    cls = getattr(salesflow, name)
    assert attrs.has(cls)
    blank = cls.__new__(cls)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(blank, attrs.fields(cls)[0].name, 1)


def test_there_is_one_root_of_all_errors():
    """Whatever salesflow raises on purpose is a SalesflowError, so that one except clause is enough."""
    classes = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if cls.__module__ == errors.__name__]
    raised = [cls for cls in classes if issubclass(cls, BaseException)]
    assert all(issubclass(cls, salesflow.SalesflowError) for cls in raised)
    assert {cls.__name__ for cls in raised} <= set(salesflow.__all__)


def public_modules() -> Iterator[ModuleType]:
    yield salesflow
    for found in pkgutil.walk_packages(salesflow.__path__, "salesflow."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield import_module(found.name)


def public_things(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The module's own public functions and classes, and the public methods and properties of those."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield f"{module.__name__}.{name}", thing
        if inspect.isclass(thing):
            for method, value in vars(thing).items():
                if not method.startswith("_") and (inspect.isfunction(value) or hasattr(value, "__get__")):
                    function = getattr(value, "func", getattr(value, "fget", getattr(value, "__func__", value)))
                    if inspect.isfunction(function):
                        yield f"{module.__name__}.{name}.{method}", function


@pytest.mark.parametrize("module", [module.__name__ for module in public_modules()])
def test_everything_public_has_a_docstring(module: str):
    """What for, what comes back, what is raised: said where an editor shows it."""
    loaded = import_module(module)
    assert loaded.__doc__
    without = [name for name, thing in public_things(loaded) if not (thing.__doc__ or "").strip()]
    assert without == []


def test_every_port_is_described():
    """Each port says what it is for, and each of its methods what it gives."""
    protocols = [cls for _, cls in inspect.getmembers(ports, inspect.isclass) if getattr(cls, "_is_protocol", False)]
    assert {cls.__name__ for cls in protocols} >= {"Store", "Clock", "Ids", "Rates", "OrganizationSource", "AuditSink"}


def run(code: str) -> str:
    """Run *code* in a process of its own and return what it printed."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_salesflow_loads_no_room():
    """PERF-8: names are loaded when first used; importing the package costs next to nothing."""
    loaded = run("import sys, salesflow; print(*sorted(m for m in sys.modules if m.startswith('salesflow')))")
    assert loaded == "salesflow"
    foreign = run("import sys, salesflow; print({'attrs', 'attr', 'cattrs', 'transitions'} & set(sys.modules))")
    assert foreign == "set()"


FORBID = """
import sys
class Forbid:
    names = ("hypothesis", "pytest", "_pytest", "sqlalchemy", "matplotlib", "duckdb", "ibis", "phonenumbers", "sybil")
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ImportError(f"{name} is no part of the core")
sys.meta_path.insert(0, Forbid())
"""
USE = """
import salesflow as sf
flow = sf.SalesFlow(store=sf.MemoryStore(), organization=sf.Organization([sf.Employee("li")]),
                    processes=sf.templates.builtin())
lead = flow.acting_as("li").leads.create(title="A", phone="1")
print([getattr(sf, name) is not None for name in sf.__all__ if name != "testing"].count(True), lead.status)
"""


def test_the_core_works_without_any_extra():
    """The core installs with three packages: everything public but `testing` loads, and a flow runs, without more."""
    assert run(FORBID + USE) == f"{len(salesflow.__all__) - 1} assigned"
    with pytest.raises(AssertionError, match="is no part of the core"):
        run(FORBID + "import salesflow.testing")
