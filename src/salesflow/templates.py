"""Stage templates by name: the built-in ones, and reading, checking and writing one's own (PROC-2 … PROC-4)."""

from salesflow.files.builtin import builtin_templates as builtin
from salesflow.files.templates import dump_template as dump
from salesflow.files.templates import examine_template as examine
from salesflow.files.templates import load_template as load
from salesflow.files.templates import parse_template as loads
from salesflow.process.checks import check_template as check

__all__ = ["builtin", "check", "dump", "examine", "load", "loads"]
