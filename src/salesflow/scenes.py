"""Scenes by name, for `SalesFlow(scenes=...)`: the domain's own, and an application's from a file (VIS-14)."""

from salesflow.files.rule_text import parse_rule as rule
from salesflow.files.rule_text import rule_text as text
from salesflow.files.scenes import dump_scenes as dump
from salesflow.files.scenes import load_scenes as load
from salesflow.files.scenes import parse_scenes as loads
from salesflow.visibility.scenes import default

__all__ = ["default", "dump", "load", "loads", "rule", "text"]
