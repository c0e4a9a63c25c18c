"""Stage templates by name: the built-in ones; reading, checking, writing and drawing one's own (PROC-2 … PROC-5)."""

from salesflow.files.builtin import builtin_templates as builtin
from salesflow.files.drawing import draw_template as draw
from salesflow.files.template_schema import template_schema as schema
from salesflow.files.templates import dump_template as dump
from salesflow.files.templates import examine_template as examine
from salesflow.files.templates import load_template as load
from salesflow.files.templates import parse_template as loads
from salesflow.process.checks import check_template as check

__all__ = ["builtin", "check", "draw", "dump", "examine", "load", "loads", "schema"]
