"""
SpiffWorkflow, BPMN: a user task per stage and behind it a gateway with the guards as its condition.

Completing the task runs the gateway: back to the same stage, or by a script task with the effect on to the next
one. One workflow per deal, as it must be. The deal stands in the script environment, not in the task data,
which would be copied at every step. Were the effect called by whoever completes the task instead, outside the
process, a move would cost about a third less, and the ratio of PERF-2 lie near its bar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.util.task import TaskState

from benchmarks.state_machines.deal import MOVES, STAGES, Deal


def _document() -> Iterator[str]:
    yield '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="benchmark">'
    yield '<process id="sale" isExecutable="true"><startEvent id="start"/><endEvent id="end"/>'
    yield f'<sequenceFlow id="begin" sourceRef="start" targetRef="{STAGES[0]}"/>'
    for n, stage in enumerate(STAGES):
        yield f'<userTask id="{stage}" name="{stage}"/>'
        if n == MOVES:
            yield f'<sequenceFlow id="finish" sourceRef="{stage}" targetRef="end"/>'
            continue
        yield f'<exclusiveGateway id="may_leave_{stage}" default="stay_{stage}"/>'
        yield f'<sequenceFlow id="try_{stage}" sourceRef="{stage}" targetRef="may_leave_{stage}"/>'
        yield f'<sequenceFlow id="stay_{stage}" sourceRef="may_leave_{stage}" targetRef="{stage}"/>'
        target = STAGES[n + 1]
        yield f'<sequenceFlow id="leave_{stage}" sourceRef="may_leave_{stage}" targetRef="note_{target}">'
        yield "<conditionExpression>deal.is_filled() and deal.is_done()</conditionExpression></sequenceFlow>"
        yield f'<scriptTask id="note_{target}"><script>deal.note("{target}")</script></scriptTask>'
        yield f'<sequenceFlow id="enter_{target}" sourceRef="note_{target}" targetRef="{target}"/>'
    yield "</process></definitions>"


def _specification() -> Any:
    parser = BpmnParser()
    parser.add_bpmn_str("".join(_document()).encode())
    return parser.get_spec("sale")


SPECIFICATION = _specification()


class Running:
    """A deal and its workflow, at the task of its stage."""

    __slots__ = ("deal", "task", "workflow")

    def __init__(self, deal: Deal) -> None:
        engine = PythonScriptEngine(environment=TaskDataEnvironment({"deal": deal}))
        self.deal = deal
        self.workflow = BpmnWorkflow(SPECIFICATION, script_engine=engine)
        self.workflow.do_engine_steps()
        self.task = self.workflow.get_next_task(state=TaskState.READY)

    def advance(self) -> bool:
        """Complete the task of the stage and let the gateway decide."""
        deal, workflow = self.deal, self.workflow
        self.task.run()
        workflow.do_engine_steps()
        self.task = workflow.get_next_task(state=TaskState.READY)
        stage = self.task.task_spec.name
        if stage == deal.stage:
            return False
        deal.stage = stage
        return True


class WithSpiff:
    """Deals with a workflow each."""

    name = "SpiffWorkflow"
    deal_class = Deal

    def start(self, deals: Sequence[Deal]) -> Sequence[Running]:
        """Return a workflow per deal, at the first task."""
        return [Running(deal) for deal in deals]

    def drive(self, started: Iterable[Running]) -> None:
        """Move every deal through all stages."""
        for running in started:
            for _ in range(MOVES):
                running.advance()

    def advance(self, one: Running) -> bool:
        """Try to move one deal."""
        return one.deal.stage != STAGES[-1] and one.advance()


ENGINE = WithSpiff()
