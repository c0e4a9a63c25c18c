"""The words of a drawing in English and in Chinese: captions, and names for the codes that salesflow itself gives."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

LANGUAGES = ("en", "zh")
"""The languages of a drawing, in the order of the pairs below."""

CAPTIONS = MappingProxyType(
    {
        "stage": ("Stage", "阶段"),
        "version": ("version {n}", "版本 {n}"),
        "customers": ("Customers", "客户类型"),
        "starts": ("Starts when", "开始标志"),
        "ends": ("Ends when", "截至标志"),
        "fields": ("Required fields", "必填内容"),
        "tasks": ("Must-do tasks", "必做之事"),
        "procedures": ("Related procedures", "相关流程"),
        "people": ("People involved", "涉及人员"),
        "conditions": ("Conditions", "其他条件"),
        "rules": ("Business rules", "业务规则"),
        "core": ("core task", "核心任务"),
        "routes": ("{routes} only", "仅限{routes}"),
        "limit": ("at most {n} days", "最长 {n} 天"),
        "optional": ("may be passed over", "可跳过"),
        "approval": ("left after approval by {who}", "离开前须经{who}审批"),
        "approval_of": ("after approval by {who}", "须经{who}审批"),
        "approval_needed": ("left only after approval", "离开前须经审批"),
        "approval_short": ("approval", "审批"),
        "lead": ("converted leads enter here", "线索转入"),
        "lead_short": ("Converted lead", "已转线索"),
        "jump": ("Jumping forward", "向前跳转"),
        "jump_free": ("freely, over any stages", "可自由跳过任意阶段"),
        "jump_reason": ("with a reason", "须填写原因"),
        "jump_fast_track": (
            "on the fast track or an approved partner's deal, to the last stage only",
            "仅限快速通道或已报备的伙伴商机，且只能跳至最后阶段",
        ),
        "jump_optional": (
            "no reason to pass over optional stages alone, with nothing left open",
            "仅跳过可选阶段且无未完成事项时不需原因",
        ),
        "back": ("going back: with a reason", "退回：须填写原因"),
        "won": ("Won", "赢单"),
        "won_last": ("from the last stage, when nothing is left open", "自最后阶段，且无未完成事项"),
        "won_any": ("from any stage, when nothing is left open in it", "自任意阶段，且该阶段无未完成事项"),
        "lost": ("Lost", "输单"),
        "invalid": ("Invalid", "无效"),
        "closed_any": ("from any stage, with a reason: {reasons}", "自任意阶段，原因：{reasons}"),
        "any_stage": ("from any stage", "自任意阶段"),
    }
)
"""Captions, by what they head or say; each is given what its braces name."""

CODES = MappingProxyType(
    {
        "field.amount": ("Amount", "金额"),
        "field.close_date": ("Expected close date", "预计成交日期"),
        "field.customer": ("Customer", "客户"),
        "field.contact": ("Contact", "联系人"),
        "field.source": ("Source", "来源"),
        "field.competitors": ("Competitors", "竞争对手"),
        "field.contact_roles": ("Contact roles", "联系人角色"),
        "field.primary_contact": ("Primary contact", "主要联系人"),
        "field.products": ("Products", "产品"),
        "field.activities": ("Activities", "跟进记录"),
        "field.team": ("Team", "销售团队"),
        "field.feedback": ("Stage feedback", "阶段反馈"),
        "role.owner": ("Owner", "负责人"),
        "role.sales": ("Sales", "销售人员"),
        "role.joint": ("Joint follower", "联合跟进人"),
        "role.after_sales": ("After-sales", "售后人员"),
        "role.presales": ("Presales", "售前人员"),
        "route.full": ("full route", "完整流程"),
        "route.fast_track": ("fast track", "快速通道"),
        "route.partner": ("partner", "合作伙伴"),
        "approver.owner_superior": ("the owner's superior", "负责人的上级"),
        "reason.budget": ("budget", "预算不足"),
        "reason.needs_mismatch": ("needs mismatch", "需求不匹配"),
        "reason.competitor": ("competitor", "竞争对手"),
        "reason.price": ("price", "价格"),
        "reason.wrong_information": ("wrong information", "信息有误"),
        "reason.customer_cancelled": ("customer cancelled", "客户取消"),
        "reason.other": ("other", "其他"),
    }
)
"""Names for codes, by kind and code; any other code stands for itself."""


class Words:
    """
    The words of one language.

    Args:
        language: One of `LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._at = LANGUAGES.index(language)

    def say(self, caption: str, **facts: object) -> str:
        """Return the caption, its braces filled with *facts*."""
        return CAPTIONS[caption][self._at].format(**facts)

    def name(self, kind: str, code: str) -> str:
        """Return the name of a field, role, route, approver or reason, or its code where that is the author's own."""
        known = CODES.get(f"{kind}.{code}")
        return known[self._at] if known else code

    def listed(self, names: Iterable[str]) -> str:
        """Return *names* as one enumeration."""
        return (", ", "、")[self._at].join(names)

    def in_sequence(self, clauses: Iterable[str]) -> str:
        """Return *clauses* as one sentence."""
        return ("; ", "；")[self._at].join(clauses)
