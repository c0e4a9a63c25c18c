"""Every Python block of README*.md and docs/**/*.md is a test; those of one document share their names."""

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    pattern="*.md",
    excludes=["adr/*.md"],  # their blocks are sketches of what was weighed
).pytest()
