"""Sphinx: `make docs`. Nothing is fetched while building, so names outside salesflow stay plain text."""

from importlib.metadata import version as installed_version

project = "salesflow"
author = "the salesflow authors"
copyright = "the salesflow authors, Apache-2.0"
release = version = installed_version("salesflow")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"salesflow {release}"
html_copy_source = False
html_show_sphinx = False

default_role = "py:obj"  # in docstrings, `Money` is a link where there is such a name
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
python_maximum_signature_line_length = 88
myst_heading_anchors = 3

# Nitpicky about our public names. Those of others would need their inventories, and so the network; a name
# inside a room's module (four parts) has no page.
nitpick_ignore_regex = [(r"py:.*", r"(?!salesflow\.).*"), (r"py:.*", r"salesflow\.\w+\.\w+\..*")]
