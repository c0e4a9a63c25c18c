"""What automations do: a task, a notice, a document, each by an ordinary operation, once (RULE-3)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

import salesflow as sf
from salesflow.model import AutomaticNotice, AutomaticTask, Automation, Label
from salesflow.ports import Query
from salesflow.testing import CountingNumbers
from salesflow.visibility import EVERYTHING
from tests.app.test_automation import TASK, Postbox, left, process, small, to_sign, won, world
from tests.app.world import TODAY, BareStore, World


@pytest.mark.parametrize("keys", [True, False], ids=["with keys", "without keys"])
def test_a_task_is_made_by_an_ordinary_operation_of_the_causer(keys: bool):
    """RULE-3, OPP-3: with its assignee and its day; what comes back is the record as it is then."""
    w = world(Automation("greet", "stage_entered", stage="talk", create_task=TASK),
              through=None if keys else BareStore)  # fmt: skip
    deal = small(w)
    (task,) = deal.tasks
    assert (task.code, task.name, task.assignee, task.due) == (
        "first_contact", "Call them", "li", TODAY + timedelta(days=2),
    )  # fmt: skip
    assert not task.is_required
    assert deal == w.acting("li").opportunities.get(deal.id)
    last = w.store.events("opportunity", deal.id)[-1]
    assert (last.kind, last.by, last.operation) == ("task_added", "li", "opportunities.add_task")
    assert w.acting("li").opportunities.finish_task(deal, "first_contact").version == deal.version + 1
    assert left(w) == ()


def with_team(w: World) -> sf.Opportunity:
    team = [sf.TeamMember("wang", "presales"), sf.TeamMember("feng", "presales"), sf.TeamMember("zhao", "joint")]
    return small(w, team=team)


@pytest.mark.parametrize(
    ("assignee", "who"),
    [(None, None), ("owner", "li"), ("owner_superior", "zhang"), ("causer", "li"), ("role:presales", "wang"),
     ("role:after_sales", None), ("person:sun", "sun")],
)  # fmt: skip
def test_a_task_finds_its_assignee(assignee: str | None, who: str | None):
    """RULE-3: of a role the first, of superiors the nearest; where there is nobody such it has none."""
    w = world(Automation("greet", "stage_entered", create_task=AutomaticTask("t", assignee=assignee)))
    (task,) = with_team(w).tasks
    assert (task.assignee, task.due, task.name) == (who, None, "t")


def test_a_task_that_is_there_is_not_made_again():
    """RULE-3, I-20: the stage has it already, whoever made it: there is nothing left to do."""
    w = world(Automation("greet", "owner_changed", create_task=TASK))
    li = w.acting("li").opportunities
    deal = li.add_task(small(w), "By hand", code="first_contact")
    deal = li.change_owner(deal, "chen", old_owner_role="sales")
    assert [task.name for task in deal.tasks] == ["By hand"]
    assert left(w) == ()


NOTICES: dict[str, list[str]] = {
    "owner": ["li"], "owner_superior": ["zhang"], "causer": ["li"], "team": ["li", "wang", "feng", "zhao"],
    "role:presales": ["wang", "feng"], "role:after_sales": [], "person:sun": ["sun"],
}  # fmt: skip


@pytest.mark.parametrize("who", NOTICES)
def test_a_notice_finds_its_readers(who: str):
    """RULE-3: one notice to each of them, with an id of its own that stays the same."""
    post = Postbox()
    w = world(Automation("tell", "stage_entered", notify=AutomaticNotice([who], "Hello")), notifier=post)
    deal = with_team(w)
    assert post.readers == NOTICES[who]
    assert {(each.kind, each.record_id, each.code, str(each.message)) for each in post.got} <= {
        ("opportunity", deal.id, "tell", "Hello")
    }
    assert len({each.id for each in post.got}) == len(post.got)
    assert left(w) == ()


def test_whoever_is_meant_twice_is_told_once():
    """RULE-3: the owner stands in the team too."""
    post = Postbox()
    w = world(Automation("tell", "stage_entered", notify=AutomaticNotice(["team", "owner", "causer"], "x")),
              notifier=post)  # fmt: skip
    small(w)
    assert post.readers == ["li"]


def test_a_notice_of_a_win_carries_customer_and_value():
    """RULE-3, SCENE-4: in each language that its author gave, the value is what was really sold."""
    post = Postbox()
    message = {
        "en": "{causer} won {title} for {customer}: {amount}, on {close_date}, out of {stage}, owner {owner}",
        "zh": "{customer} 赢单 {amount}，{stage}",
    }
    stages = [sf.Stage("talk", {"en": "Talk", "zh": "洽谈"})]
    told = Automation("tell", "won", notify=AutomaticNotice(["team"], message))
    w = World(processes=[sf.SalesProcess("one", 1, stages, automation=[told])], notifier=post)
    deal = w.deal(process="one", name="Parts", team=[sf.TeamMember("wang")])
    w.acting("zhang").opportunities.win(deal, amount=sf.Money(990, "CNY"))
    expected = Label({
        "en": "zhang won Parts for Acme: 990 CNY, on 2026-01-05, out of Talk, owner li",
        "zh": "Acme 赢单 990 CNY，洽谈",
    })  # fmt: skip
    assert [(each.to, each.message) for each in post.got] == [("li", expected), ("wang", expected)]


def test_what_is_not_known_is_said_so():
    """RULE-3: no amount, no day, no customer; a contact stands in for a customer; braces in values stay text."""
    post = Postbox()
    text = "{title}|{customer}|{amount}|{close_date}"
    w = world(Automation("tell", "stage_entered", notify=AutomaticNotice(["owner"], text)), notifier=post)
    contact = w.contact(name="Ms {title}")
    small(w, customer=None, contact=contact.id, amount=None, close_date=None, name="{owner}")
    assert str(post.got[-1].message) == "{owner}|Ms {title}|–|–"


def test_a_notice_about_a_lead():
    """RULE-3: leads have a title and perhaps a company, and neither team, stage nor amount."""
    post = Postbox()
    text = "{title}|{customer}|{amount}|{stage}|{owner}|{causer}"
    own = [Automation("tell", "lead_assigned", notify=AutomaticNotice(["owner", "owner_superior"], text))]
    w = World(automation=own, notifier=post)
    w.acting("zhang").leads.assign(w.lead(company="Acme"), "chen")
    w.acting("zhang").leads.assign(w.lead(contact="Q", phone="140"), "chen")
    w.acting("zhang").leads.assign(w.lead(phone="141"), "chen")
    assert post.readers == ["chen", "li"] * 3
    assert [str(each.message) for each in post.got[::2]] == [
        f"CRM2000 for Acme|{customer}|–|–|chen|zhang" for customer in ("Acme", "Q", "–")
    ]


def test_of_a_lead_that_nobody_owns_its_owner_is_not_told():
    """RULE-3: where nobody is meant, there is nothing to do."""
    post = Postbox()
    own = [Automation("tell", "lead_created", notify=AutomaticNotice(["owner", "owner_superior"], "x"))]
    w = World(automation=own, notifier=post)
    w.acting("root").leads.create(title="A", phone="1", owner=None)
    assert (post.got, left(w)) == ([], ())


def test_nobody_is_told_of_what_they_cannot_see():
    """REL-11, RULE-3: whoever cannot see the record is left out; where nobody who is meant can, it is a failure."""
    post = Postbox()
    own = [
        Automation("some", "won", notify=AutomaticNotice(["person:qian", "owner"], "won")),
        Automation("none", "won", notify=AutomaticNotice(["person:qian", "person:nobody"], "won")),
    ]
    w = World(automation=own, notifier=post, processes=[process()])
    won(w)
    assert post.readers == ["li"]
    (failed,) = left(w)
    assert (failed.automation, failed.status) == ("none", "waiting")
    assert [(r.code, r.facts["people"]) for r in failed.reasons] == [("nobody_to_tell", ("qian", "nobody"))]
    w.share("qian")
    w.flow.deliver(w.clock.now() + timedelta(days=1))
    assert post.readers == ["li", "qian"]


def test_a_customer_that_a_reader_cannot_see_is_not_named():
    """REL-11, VIS-21: where nothing is read through a deal, its customer's name stays with those who see it."""
    post = Postbox()
    own = [Automation("tell", "stage_entered", notify=AutomaticNotice(["team"], "{customer}"))]
    policy = sf.VisibilityPolicy(read_through=False)
    w = World(automation=own, notifier=post, visibility=policy)
    w.deal(team=[sf.TeamMember("wang")])
    assert [(each.to, str(each.message)) for each in post.got] == [("li", "Acme"), ("wang", "–")]


def test_of_a_lead_in_a_pool_only_its_dispatchers_are_told():
    """VIS-18, REL-11: whoever may only claim it sees a card, and is told no more than that."""
    post = Postbox()
    own = [Automation("tell", "lead_recycled", notify=AutomaticNotice(["person:chen", "person:zhang"], "{customer}"))]
    w = World(automation=own, notifier=post)
    w.pooled()
    lead = w.lead(company="Acme", phone="140")
    w.acting("li").leads.recycle(lead, reason="late")
    assert [(each.to, str(each.message)) for each in post.got] == [("zhang", "Acme")]
    assert left(w) == ()


@pytest.mark.parametrize("kind", ["quote", "contract", "order", "invoice"])
def test_a_document_is_issued_once(kind: str):
    """RULE-3, OPP-13: of the products that the deal has, by the ordinary operation."""
    line = sf.ProductLine("1", "Part", Decimal(2), sf.Money(5, "CNY"))
    w = world(Automation("paper", "stage_entered", stage="sign", issue_document=kind), documents=CountingNumbers())
    li = w.acting("li").opportunities
    deal = li.advance(li.edit(small(w), products=[line]))
    (document,) = w.store.query(Query("document", EVERYTHING))
    assert (document.kind, document.opportunity, document.total) == (kind, deal.id, sf.Money(10, "CNY"))
    assert document.created_by == "li"
    assert deal == li.get(deal.id)
    assert left(w) == ()


def test_a_document_that_is_refused_is_a_failure():
    """RULE-3: with the reasons of the refusal; the move stands."""
    w = world(Automation("paper", "stage_entered", stage="sign", issue_document="quote"), documents=CountingNumbers())
    assert to_sign(w).stage == "sign"
    (failed,) = left(w)
    assert [reason.code for reason in failed.reasons] == ["lines_missing"]


def test_a_port_that_is_absent_is_not_asked_for():
    """RULE-3: without a notifier nobody is told, without document numbers none is issued, and nothing waits for it."""
    w = world(
        Automation("tell", "won", notify=AutomaticNotice(["team"], "x")),
        Automation("paper", "won", issue_document="quote"),
        documents=None,
    )
    won(w)
    assert left(w) == ()
    assert w.flow._kernel.automation is None
