"""What three of the people see of it all, why they do, and what it adds up to."""

import salesflow as sf
from examples.main_job.company import NAMES, PEOPLE, Company
from examples.main_job.story import Story
from examples.main_job.terminal import heading, paragraph, table

STAGE_MOVES = ("advance", "change_stage", "win", "lose", "set_grade", "request_approval")


def people() -> None:
    """Print the organisation."""
    heading("Twelve people in three departments (组织架构)")
    table("id  name  manager  department", [(p.id, p.name, p.manager or "–", p.department or "–") for p in PEOPLE])


def lists_and_boards(company: Company) -> None:
    """Print the list and the stage view of three people."""
    scenes = ("all", "mine", "subordinates", "joint", "serviced", "shared", "departments")
    for person, process in (("li", "crm2000"), ("zhang", "tas_bidding"), ("wang", "crm2000")):
        desk = company.acting(person).opportunities
        heading(f"As {NAMES[person]} ({person}) sees it")
        print("  " + " · ".join(f"{scene} {desk.count(scene)}" for scene in scenes))
        table(
            "id  name  owner  grade  process  stage or outcome  >CNY",
            [
                (o.id, o.name, NAMES[o.owner], o.grade.effective, o.process, _standing(o), _amount(o))
                for o in desk.list(order_by="-amount").items
            ],
        )
        print(f"\n  Board (阶段视图) of {process}")
        table(
            f"{process}  >count  >CNY  >weighted",
            [
                (c.code, c.count, f"{c.amount.of('CNY'):,.0f}", f"{c.weighted.of('CNY'):,.0f}")
                for c in desk.board(process=process).columns
                if c.count
            ],
        )


def _standing(deal: sf.Opportunity) -> str:
    return deal.status if deal.is_completed else deal.stage


def _amount(deal: sf.Opportunity) -> str:
    return "–" if deal.amount is None else f"{deal.amount.amount:,}"


def reasons(company: Company, story: Story) -> None:
    """Print why somebody sees a deal, why another does not, and who does."""
    flow = company.flow
    for person, deal in (("zhang", "campus"), ("zhang", "reseller"), ("gao", "campus")):
        heading(f"Does {NAMES[person]} see {story[deal]}? (可见性说明)")
        paragraph(str(flow.why(person, story[deal])))
    heading(f"Who can see {story['campus']}? (可见人员)")
    seen_by = flow.who_can_see(story["campus"])
    table("name  cause", [(NAMES[person], cause) for person, causes in seen_by.items() for cause in causes])


def moves(company: Company, story: Story) -> None:
    """Print what can be done with a deal now, and what stands in the way of the rest."""
    heading(f"What {NAMES['zhao']} can do with {story['campus']} now (可行操作)")
    rows = []
    for move in company.acting("zhao").opportunities.moves(story["campus"]):
        if move.operation in STAGE_MOVES:
            said = [str(blocker) for blocker in move.blockers] or ["open"]
            if move.is_open and move.inputs:
                said = [f"open, asks for {', '.join(move.inputs)}"]
            if move.instead:
                said.append(f"could do it: {', '.join(NAMES[person] for person in sorted(move.instead))}")
            rows.append((move.operation, move.to or "", said[0]))
            rows += [("", "", more) for more in said[1:]]
    table("move  to  blockers", rows)


def grades(company: Company) -> None:
    """Print every deal with its computed and its effective grade."""
    heading("Grades (商机分级)")
    every = company.acting("chen").opportunities.list(order_by="id").items
    rows = []
    for o in every:
        why = o.grade.override_reason if o.grade.override else o.grade.reason
        rows.append((o.name, o.grade.computed, o.grade.effective, o.grade.route, why))
    table("name  computed  effective  route  because", sorted(rows, key=lambda row: (str(row[1]), row[0])))


def figures(company: Company) -> None:
    """Print funnel, win rates and sales cycle over all deals."""
    pipeline = company.acting("chen").pipeline
    heading(f"Funnel of tas_bidding, as {NAMES['chen']} sees it (销售漏斗)")
    funnel = pipeline.funnel(process="tas_bidding")
    table(
        "stage  >reached  >visited  >open  >dropped  >conversion",
        [
            (s.code, s.reached, s.visited, s.open, s.dropped, "–" if s.conversion is None else f"{s.conversion:.0%}")
            for s in funnel.stages
        ],
    )
    print(f"  won {funnel.won}")
    heading("Win rates (赢单率)")
    rates = pipeline.win_rates(by="owner")
    table(
        "owner  >won  >lost  >rate  >won, CNY",
        [
            (NAMES.get(rate.key, "all"), rate.won, rate.lost, _percent(rate), f"{rate.won_value.of('CNY'):,}")
            for rate in (*rates.groups, rates.overall)
        ],
    )
    cycle = pipeline.sales_cycle()
    print(f"  sales cycle: {cycle.won.median} days to win, {cycle.lost.median} to lose (median)")


def _percent(rate: sf.pipeline.WinRate) -> str:
    return "–" if rate.rate is None else f"{rate.rate:.0%}"


def history(company: Company, story: Story) -> None:
    """Print everything that happened to the tender."""
    heading(f"What happened to {story['tender']} (历史)")
    table(
        "day  who  what  by the operation  reason",
        [
            (f"{event.at:%m-%d}", NAMES[event.by], event.kind, event.operation, event.reason or "")
            for event in company.acting("li").opportunities.history(story["tender"])
        ],
    )


def show(company: Company, story: Story) -> None:
    """Print everything, one section after the other."""
    lists_and_boards(company)
    reasons(company, story)
    moves(company, story)
    grades(company)
    figures(company)
    history(company, story)
