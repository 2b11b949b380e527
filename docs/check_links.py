"""Check the links of a built site: every page, picture, style and anchor it points to is there.

Run as ``python docs/check_links.py docs/_build/html``. Nothing is fetched: links to other sites
are not followed, but a page that would load something from another site is a fault.
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself, by tag and attribute.
LOADED = {
    ("img", "src"),
    ("script", "src"),
    ("source", "src"),
    ("iframe", "src"),
    ("audio", "src"),
    ("video", "src"),
}
LOADED_RELATIONS = {"stylesheet", "icon", "preload", "manifest", "modulepreload"}


class Page(HTMLParser):
    """The anchors of a page, what it links to, and what it loads."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.loads = {"", "top"}, [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.anchors |= {attrs[name] for name in ("id", "name") if attrs.get(name)}
        for name in ("href", "src"):
            target = attrs.get(name)
            if target is None:
                continue
            relations = set((attrs.get("rel") or "").split())
            loaded = (tag, name) in LOADED or (tag == "link" and relations & LOADED_RELATIONS)
            (self.loads if loaded else self.links).append(target)


def check(folder):
    """Return the faults of the site in a folder, one line each."""
    folder = Path(folder).resolve()
    # Files below _static belong to the theme.
    files = [file for file in sorted(folder.rglob("*.html")) if "_static" not in file.parts]
    pages = {file: Page(file.read_text(encoding="utf-8")) for file in files}
    if not pages:
        return [f"{folder} has no pages: build the site first (make docs)."]
    return [
        f"{file.relative_to(folder)}: {fault}"
        for file, page in pages.items()
        for fault in faults_of(file, page, pages)
    ]


def faults_of(file, page, pages):
    for target in page.loads:
        url = urlsplit(target)
        if url.scheme != "data" and (url.scheme or url.netloc):
            yield f"loads {target} from another site"
    for target in dict.fromkeys(page.links + page.loads):
        url = urlsplit(target)
        if url.scheme or url.netloc:
            continue
        aim = (file.parent / unquote(url.path)).resolve() if url.path else file
        if aim.is_dir():
            aim = aim / "index.html"
        if not aim.exists():
            yield f"{target} does not exist"
        elif aim in pages and unquote(url.fragment) not in pages[aim].anchors:
            yield f"{target} has no such anchor"


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else "docs/_build/html"
    faults = check(folder)
    print("\n".join(faults) or f"All links in {folder} lead somewhere.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
