"""
The command line (extra ``cli``): a thin door to the facade, with no rule of its own.

Everything heavy is imported when a command needs it, so that ``salesflow --help`` answers at once.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line with the process's arguments; ends the process with the exit code."""
    try:
        from salesflow.cli.commands import salesflow
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] == "salesflow":
            raise
        sys.exit(f"salesflow: the command line needs {missing.name}: pip install 'salesflow[cli]'")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show Chinese gets escapes in its place, never a traceback.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    salesflow(prog_name="salesflow")
