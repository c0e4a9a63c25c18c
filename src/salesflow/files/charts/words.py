"""The words of a chart in English and in Chinese."""

from __future__ import annotations

from types import MappingProxyType

from salesflow.files.drawing.sheet import plain
from salesflow.files.drawing.words import LANGUAGES
from salesflow.model import SalesProcess
from salesflow.pipeline import Population

CAPTIONS = MappingProxyType(
    {
        "funnel": ("Funnel", "销售漏斗"),
        "board": ("Stage view", "阶段视图"),
        "stage_times": ("Time in stage", "阶段停留时间"),
        "changes": ("Change of the open pipeline", "在途商机变动"),
        "forecast": ("Forecast", "销售预测"),
        "opportunities": ("Opportunities", "商机数"),
        "days_finished": ("Days of finished stays", "已结束停留的天数"),
        "reached": ("reached", "到达"),
        "conversion": ("go on", "转化率"),
        "open_now": ("here now", "停留中"),
        "dropped": ("dropped", "流失"),
        "count": ("count", "数量"),
        "stays": ("stays", "停留次数"),
        "lasting": ("lasting", "停留中"),
        "lasting_median": ("for days", "已停留天数"),
        "events": ("events", "事件"),
        "change": ("change", "变动"),
        "quota": ("quota", "销售目标"),
        "attainment": ("reached", "完成率"),
        "at_start": ("At the start", "期初"),
        "at_end": ("At the end", "期末"),
        "new": ("New", "新增"),
        "invalidated": ("Found invalid", "判为无效"),
        "reopened": ("Reopened", "重新打开"),
        "voided": ("Voided", "作废"),
        "unvoided": ("Unvoided", "取消作废"),
        "moved_forward": ("Moved forward", "阶段推进"),
        "moved_back": ("Moved back", "阶段退回"),
        "amount_up": ("Amount up", "金额增加"),
        "amount_down": ("Amount down", "金额减少"),
        "currency_changed": ("Currency changed", "币种变更"),
        "close_date_pushed": ("Close date pushed", "成交日期推迟"),
        "close_date_pulled": ("Close date pulled", "成交日期提前"),
        # what colours stand for
        "passed": ("went on", "进入下一阶段"),
        "open": ("open", "在途"),
        "won": ("Won", "赢单"),
        "lost": ("Lost", "输单"),
        "invalid": ("Invalid", "无效"),
        "weighted": ("weighted", "加权金额"),
        "amount": ("amount", "金额"),
        "median": ("median", "中位数"),
        "percentile_90": ("nine in ten", "九成"),
        "level": ("open pipeline", "在途商机"),
        "more": ("more", "增加"),
        "less": ("less", "减少"),
        "closed": ("closed", "已成交"),
        "commit": ("commit", "承诺"),
        "best_case": ("best case", "最佳情况"),
        "pipeline": ("pipeline", "在途"),
        "slipped": ("slipped", "已逾期"),
        "undated": ("undated", "无日期"),
        "outside": ("other periods", "其他期间"),
    }
)
"""Captions and what colours stand for, by code."""


_STATUSES = MappingProxyType({"in_progress": "open"})


class Words:
    """
    The words of one language.

    Args:
        language: One of `LANGUAGES`.
        process: The template that gives stages their names, or None.
    """

    def __init__(self, language: str, process: SalesProcess | None) -> None:
        self.language = language
        self.process = "" if process is None else plain(process.name.text(language)) or plain(process.id)
        self._at = LANGUAGES.index(language)
        stages = () if process is None else process.stages
        self._stages = {stage.code: plain(stage.name.text(language)) for stage in stages}

    def say(self, caption: str) -> str:
        """Return the caption."""
        return CAPTIONS[caption][self._at]

    def each(self, *captions: str) -> tuple[str, ...]:
        """Return several captions."""
        return tuple(map(self.say, captions))

    def counted(self, population: Population) -> str:
        """Return which records are counted: the whole rule in English, in Chinese by the statuses."""
        if self.language == "en":
            return str(population)
        statuses = "、".join(self.say(_STATUSES.get(status, status)) for status in population.statuses)
        return f"计入 {population.counted:,} 条（{statuses}），未计入 {population.left_out:,} 条"

    def stage(self, code: str) -> str:
        """Return the name of a stage, or its code where the template has none."""
        return self._stages.get(code) or plain(code)
