"""The API reference: a page for each public module, and one for each of its public names.

Public is what a module's ``__all__`` names. The pages are written before Sphinx reads its sources,
so that the reference never lacks a name. What several modules export has its page under the
shortest path, and the other modules' tables link there.
"""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

from sphinx.pycode import ModuleAnalyzer

import mofa_sklearn

# Members that every estimator, exception or torch module has: no page shows them.
INHERITED_FROM = re.compile(r"sklearn\.(base\.BaseEstimator|utils)|torch|builtins")
COMMON = re.compile(r"[gs]et_params|get_metadata_routing|set_\w+_request|extra_repr|_.*")
EXTERNAL = ("sklearn.", "torch.", "skorch.", "numpy.", "scipy.", "pandas.", "matplotlib.")
SHAPE = re.compile(r"shape \([^)]*\)")

ESTIMATOR_NOTE = (
    "It has the methods of all scikit-learn estimators too: ``get_params``, ``set_params``, and, "
    "for metadata routing, ``get_metadata_routing`` and the ``set_..._request`` methods.\n"
)


def module_names():
    """Return the names of all modules, private ones included."""
    found = pkgutil.walk_packages(mofa_sklearn.__path__, "mofa_sklearn.")
    return ["mofa_sklearn", *(module.name for module in found)]


def public_modules():
    """Return a dict of the public modules' names to their public names."""
    modules = {}
    for path in module_names():
        if any(part.startswith("_") for part in path.split(".")):
            continue
        module = importlib.import_module(path)
        names = getattr(module, "__all__", [])
        names = [name for name in names if not name.startswith("__")]
        if names:
            modules[path] = names
    return modules


def canonical_names(modules):
    """Return a dict of each public path, as "module.name", to the one that has a page."""
    homes, result = {}, {}
    for module, names in sorted(modules.items(), key=lambda item: item[0].count(".")):
        for name in names:
            value = getattr(importlib.import_module(module), name)
            # Functions and classes are the same thing wherever they are exported.
            key = id(value) if callable(value) else f"{module}.{name}"
            result[f"{module}.{name}"] = homes.setdefault(key, f"{module}.{name}")
    return result


def public_members(cls):
    """Return the names of the methods and properties that a class's page shows."""
    names = []
    for name, member in inspect.getmembers(cls):
        shown = callable(member) or isinstance(member, property)
        # Without a docstring of its own, autodoc would show that of torch's or scikit-learn's.
        if not shown or not member.__doc__ or COMMON.fullmatch(name):
            continue
        home = next(base for base in cls.__mro__ if name in vars(base))
        if not INHERITED_FROM.match(f"{home.__module__}.{home.__qualname__}"):
            names.append(name)
    return names


def first_paragraph(text):
    """Return the first paragraph of a docstring, on one line."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())


def summary(path):
    """Return what one line of a table says of a public name."""
    module, _, name = path.rpartition(".")
    value = getattr(importlib.import_module(module), name)
    if callable(value) and hasattr(value, "__name__"):
        return first_paragraph(value.__doc__)
    if hasattr(value, "_score_func"):
        return f"Scorer of :func:`~{module}.{value._score_func.__name__}`; higher is better."
    comments = ModuleAnalyzer.for_module(module).find_attr_docs()
    return first_paragraph("\n".join(comments.get(("", name), [])))


def table(rows):
    lines = ["", ".. list-table::", "   :widths: 35 65", "   :class: api-table", ""]
    for name, text in rows:
        lines += [f"   * - {name}", f"     - {text}"]
    return [*lines, ""]


def tree(pages):
    return ["", ".. toctree::", "   :hidden:", "", *(f"   {page}" for page in pages), ""]


def index_page(modules):
    lines = [
        heading("API reference"),
        "Every public name, by the module that it is imported from.",
    ]
    docs = {module: first_paragraph(importlib.import_module(module).__doc__) for module in modules}
    lines += table((f":doc:`{module} </api/{module}>`", doc) for module, doc in docs.items())
    return "\n".join([*lines, *tree(modules)])


def module_page(module, names, canonical):
    doc = inspect.cleandoc(importlib.import_module(module).__doc__ or "")
    paths = [canonical[f"{module}.{name}"] for name in names]
    lines = [heading(module), f".. module:: {module}", "", doc]
    lines += table((f":py:obj:`~{path}`", summary(path)) for path in paths)
    own = [path for path in paths if path.rpartition(".")[0] == module]
    return "\n".join(lines + (tree(own) if own else []))


def object_page(path):
    module, _, name = path.rpartition(".")
    value = getattr(importlib.import_module(module), name)
    lines = [heading(name), f".. currentmodule:: {module}", ""]
    if inspect.isclass(value):
        lines += [f".. autoclass:: {name}"]
        members = public_members(value)
        if members:
            lines += [f"   :members: {', '.join(members)}"]
        if hasattr(value, "get_metadata_routing"):
            lines += ["", ESTIMATOR_NOTE]
    elif inspect.isroutine(value):
        lines += [f".. autofunction:: {name}"]
    else:
        lines += [f".. data:: {name}", "", f"   {summary(path)}"]
    lines += ["", f".. minigallery:: {path}", "   :add-heading: Examples that use it", ""]
    return "\n".join(lines)


def heading(title):
    return f"{title}\n{'=' * len(title)}\n"


def all_pages():
    """Return a dict of file names to texts."""
    modules = public_modules()
    canonical = canonical_names(modules)
    pages = {"index": index_page(modules)}
    pages |= {name: module_page(name, names, canonical) for name, names in modules.items()}
    pages |= {path: object_page(path) for path in set(canonical.values())}
    return {f"{name}.rst": text for name, text in pages.items()}


def write_pages(app, config):
    """Write what has changed, and remove pages of names that are gone."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    pages = all_pages()
    for file in folder.glob("*.rst"):
        if file.name not in pages:
            file.unlink()
    for name, text in pages.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


# References in docstrings


class Names:
    """What a docstring may refer to: public names, by any path, and private ones, without a link.

    A docstring may say ``:class:`MoFARegressor``` wherever it stands: where only one public name
    ends so, that one is meant.
    """

    def __init__(self):
        self.canonical = canonical_names(public_modules())
        modules = [importlib.import_module(name) for name in module_names()]
        self.private = {name for module in modules for name in vars(module)}

    def find(self, target):
        """Return the path of the page of a name, or None."""
        target = target.lstrip(".")
        if target in self.canonical:
            return self.canonical[target]
        last = last_part(target)
        paths = {home for path, home in self.canonical.items() if last_part(path) == last}
        return paths.pop() if len(paths) == 1 else None


def last_part(path):
    return path.rpartition(".")[2]


def resolve_reference(app, env, node, contnode):
    """Find the page of a name that Sphinx does not find."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or target.startswith(EXTERNAL):
        return None
    path = app.mofa_names.find(target)
    if path is not None and path != target:
        domain = env.get_domain("py")
        return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", path, node, contnode)
    return contnode if last_part(target) in app.mofa_names.private else None


# Docstrings


def join_lines(app, what, name, obj, options, lines):
    """Join what a backslash continues, which numpydoc takes for two lines."""
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    # A method may cite a reference of its class, which is on the same page.
    if ".. [" not in text:
        text = re.sub(r"(\[\d+\])_", r"\1", text)
    lines[:] = text.split("\n")


def escape_shapes(app, what, name, obj, options, lines):
    """Escape the ends of attributes' names in shapes, which docutils takes for links."""
    lines[:] = [
        SHAPE.sub(lambda match: match[0].replace("_,", r"\_,").replace("_)", r"\_)"), line)
        for line in lines
    ]


def show_mappings(app, what, name, obj, options, signature, returns):
    """Show a default that is a read-only dict as the dict."""
    if signature is None:
        return None
    return re.sub(r"mappingproxy\((\{.*?\})\)", r"\1", signature), returns


def make_names(app):
    app.mofa_names = Names()


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("config-inited", write_pages)
    app.connect("builder-inited", make_names)
    app.connect("missing-reference", resolve_reference)
    app.connect("autodoc-process-signature", show_mappings, priority=600)
    # numpydoc comes at 500.
    app.connect("autodoc-process-docstring", join_lines, priority=400)
    app.connect("autodoc-process-docstring", escape_shapes, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
