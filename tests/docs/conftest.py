"""The built site, for the tests that look at it: `make docs` builds it and runs them."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs" / "_build" / "html"
GENERATED = {"_build", "api", "auto_examples", "__pycache__"}


def sources():
    """Yield the files that the site is made of."""
    for folder in ["docs", "mofa_sklearn", "examples/gallery"]:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".md", ".rst", ".py", ".css"} and not GENERATED & set(path.parts):
                yield path


@pytest.fixture(scope="session")
def site():
    """The folder of the site, if there is one that is up to date."""
    inventory = SITE / "objects.inv"
    if not inventory.exists():
        pytest.skip("there is no built site: make docs")
    newer = [path for path in sources() if path.stat().st_mtime > inventory.stat().st_mtime]
    if newer:
        pytest.skip(f"the built site is older than {newer[0].relative_to(ROOT)}: make docs")
    return SITE
