"""How Sphinx builds the site: `make docs`, or `python -m sphinx -W docs docs/_build/html`.

Nothing is fetched while it is built. With ``MOFA_DOCS_INTERSPHINX=1``, which needs the network,
names of scikit-learn, NumPy and others link to their own documentation.
"""

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))
# The examples are small: more threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from docutils import nodes  # noqa: E402

from mofa_sklearn import __version__  # noqa: E402

project = "mofa_sklearn"
author = "the mofa_sklearn developers"
copyright = "the mofa_sklearn developers, MIT licence"
version = release = __version__

extensions = [
    "api_pages",
    "mathml",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]
nitpicky = True

# Other projects

_INVENTORIES = {
    "python": "https://docs.python.org/3/",
    "joblib": "https://joblib.readthedocs.io/en/stable/",
    "matplotlib": "https://matplotlib.org/stable/",
    "numpy": "https://numpy.org/doc/stable/",
    "pandas": "https://pandas.pydata.org/docs/",
    "scipy": "https://docs.scipy.org/doc/scipy/",
    "sklearn": "https://scikit-learn.org/stable/",
    "skorch": "https://skorch.readthedocs.io/en/stable/",
    "torch": "https://docs.pytorch.org/docs/stable/",
}
_ONLINE = os.environ.get("MOFA_DOCS_INTERSPHINX") == "1"
intersphinx_mapping = {name: (url, None) for name, url in _INVENTORIES.items() if _ONLINE}
# Their names are plain text where their inventories are not at hand.
_OTHERS = "|".join(
    [*_INVENTORIES, "catboost", "dask", "distributed", "lightgbm", "skrub", "xgboost"]
)
nitpick_ignore_regex = [
    (r"py:.*", rf"({_OTHERS}|tempfile)(\..*)?"),
    # Labels in the docstrings of methods that scikit-learn's classes hand down.
    (r"std:ref", r"r2_score|accuracy_score|metadata_routing"),
]

# Markdown

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# Links that are right in the repository, and the pages that they mean here.
SITE_LINKS = {
    "](../CHANGELOG.md)": "](changelog.md)",
    "](../CONTRIBUTING.md)": "](contributing.md)",
    "](../examples/gallery)": "](auto_examples/index.rst)",
    "](../mofa_sklearn)": "](api/index.rst)",
}


def link_to_pages(app, docname, source):
    for link, page in SITE_LINKS.items():
        source[0] = source[0].replace(link, page)


def strip_code(app, doctree):
    """Drop the empty line at the end of a block, which a doctest needs and a reader does not."""
    for block in doctree.findall(nodes.literal_block):
        block.rawsource = block.astext().rstrip("\n")
        block[:] = [nodes.Text(block.rawsource)]


def setup(app):
    app.connect("source-read", link_to_pages)
    app.connect("doctree-read", strip_code)


# Docstrings

add_module_names = False
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# Examples, which run when the site is built

sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "ignore_pattern": r"__init__\.py|/_",
    "within_subsection_order": "gallery_order.GalleryOrder",
    "abort_on_example_error": True,
    "backreferences_dir": "api/examples",
    "doc_module": ("mofa_sklearn",),
    "reference_url": {"mofa_sklearn": None},
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "image_srcset": ["2x"],
}
warnings.filterwarnings("ignore", message=".*non-interactive, and thus cannot be shown.*")

# The pages

html_theme = "pydata_sphinx_theme"
html_title = "mofa_sklearn"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
# The API reference and the search do what these would.
html_domain_indices = html_use_index = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "footer_end": [],
    "footer_start": ["copyright"],
    "header_links_before_dropdown": 7,
    "logo": {"text": "mofa_sklearn"},
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
}
# Pages that have nothing beside them.
_ALONE = ["index", "install", "tour", "migration", "benchmarks", "changelog", "contributing"]
html_sidebars = {page: [] for page in _ALONE}
