"""How the documentation is built, by `make docs`. Nothing is fetched from a network meanwhile."""

from __future__ import annotations

import os
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))
os.environ.setdefault("MPLBACKEND", "agg")

from generate import write_pages  # noqa: E402

from selflearn_env import __version__  # noqa: E402

write_pages(DOCS)

project = "selflearn-env"
author = "the selflearn-env developers"
copyright = f"2026 {author}"  # noqa: A001
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
    "generate.rendering",
]
exclude_patterns = ["_build", "generate", "tutorials"]
default_role = "py:obj"  # `Shop` in a docstring is a link, what is no name of ours is code
smartquotes = False  # they make one long dash of --out

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
autoclass_content = "both"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 90
python_trailing_comma_in_multi_line_signatures = False

if not (DOCS / "benchmark.md").exists():  # it is written last; until then its links are no error
    suppress_warnings = ["toc.not_readable", "ref.doc", "myst.xref_missing"]

html_theme = "furo"
pygments_dark_style = "github-dark"
html_title = "selflearn-env"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False

sphinx_gallery_conf = {
    "examples_dirs": str(DOCS / "tutorials"),
    "gallery_dirs": str(DOCS / "auto_tutorials"),
    "filename_pattern": r"\.py$",  # all of them are run
    "abort_on_example_error": True,
    "within_subsection_order": "FileNameSortKey",
    "parallel": 2,
    "write_computation_times": False,
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
}
