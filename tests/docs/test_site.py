"""The built site is complete: every public name, every link."""

import importlib
import importlib.util
import pkgutil
import zlib

import mofa_sklearn

from .conftest import ROOT


def load_check_links():
    path = ROOT / "docs" / "check_links.py"
    spec = importlib.util.spec_from_file_location("check_links", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def public_names():
    """Yield the module and the name of all that ``__all__`` names in a public module."""
    for info in pkgutil.walk_packages(mofa_sklearn.__path__, "mofa_sklearn."):
        if not any(part.startswith("_") for part in info.name.split(".")):
            module = importlib.import_module(info.name)
            yield from ((module, name) for name in getattr(module, "__all__", []))
    yield from ((mofa_sklearn, name) for name in mofa_sklearn.__all__ if name != "__version__")


def documented_objects(site):
    """Return what the pages describe: the Python names of the site's inventory."""
    inventory = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    lines = zlib.decompress(inventory).decode().splitlines()
    return {line.split()[0] for line in lines if line.split()[1].startswith("py:")}


def value_of(path):
    """Return what a path names; None for a module, or a method, whose "module" is a class."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name, None) if module else None
    except ImportError:
        return None


def test_every_public_name_has_an_entry(site):
    documented = documented_objects(site)
    # A name that several modules export is described once, under one of its paths.
    described = {id(value_of(path)) for path in documented}
    missing = [
        f"{module.__name__}.{name}"
        for module, name in public_names()
        if f"{module.__name__}.{name}" not in documented
        and id(getattr(module, name)) not in described
    ]
    assert missing == []


def test_every_link_leads_somewhere(site):
    assert load_check_links().check(site) == []


def test_a_broken_link_is_found(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#here">b</a> <a href="b.html#no">b</a>')
    (tmp_path / "b.html").write_text(
        '<p id="here"><img src="lost.png"><script src="https://example.org/x.js"></script>'
        '<a href="https://example.org/never-followed">elsewhere</a>'
    )
    assert load_check_links().check(tmp_path) == [
        "a.html: b.html#no has no such anchor",
        "b.html: loads https://example.org/x.js from another site",
        "b.html: lost.png does not exist",
    ]


def test_an_empty_folder_is_a_fault(tmp_path):
    assert len(load_check_links().check(tmp_path)) == 1
