"""Every page of the built site, in headless Chromium, at the widths of a phone and of a desk."""

import functools
import json
import shutil
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

BROWSERS = ["chromium", "chromium-browser", "google-chrome", "chrome"]
WIDTHS = [390, 1280]
SECONDS = 600
# What is written by others and no fault of a page.
KNOWN_NOTES = [
    # The theme tells on every page which colours it has chosen, and where it has scrolled.
    '"[PST]: ',
    # scikit-learn's diagram of a fitted pipeline looks for something in vain.
    '"Expected copy-paste icon is missing',
]

# Opens one page after the other in a frame, and tells the server what it saw.
DRIVER = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<iframe id="frame" style="height: 900px; border: 0"></iframe>
<script>
const TEXTS = "p, li, dt, dd, h1, h2, h3, td, img".replace(/\\w+/g, "article $&");
const frame = document.getElementById("frame");
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
function isCut(element, width) {
  if (element.getBoundingClientRect().right <= width + 1) return false;
  const scrolls = (box) => /auto|scroll/.test(getComputedStyle(box).overflowX);
  for (let box = element; box && box.tagName !== "ARTICLE"; box = box.parentElement)
    if (scrolls(box)) return false;
  return true;
}
async function look(page) {
  frame.style.width = WIDTHS[0] + "px";
  const loaded = new Promise((resolve) => (frame.onload = resolve));
  frame.src = page;
  await loaded;
  const opened = frame.contentDocument;
  const images = [...opened.images];
  images.forEach((image) => (image.loading = "eager"));
  await Promise.allSettled(images.map((image) => image.decode()));
  const wide = [];
  for (const width of WIDTHS) {
    frame.style.width = width + "px";
    await pause(20);
    const texts = [...opened.querySelectorAll(TEXTS)].filter((text) => isCut(text, width));
    wide.push(...texts.map((text) => `${width} px: ${text.textContent.slice(0, 60)}`));
    if (opened.documentElement.scrollWidth > width + 1) wide.push(`${width} px: the page`);
  }
  const styles = [...opened.querySelectorAll("link[rel=stylesheet]")];
  return {
    page: page,
    title: opened.title,
    pictures: images.filter((image) => !image.naturalWidth).map((image) => image.src),
    styles: styles.filter((style) => !style.sheet).map((style) => style.href),
    wide: wide,
  };
}
(async () => {
  const seen = [];
  for (const page of PAGES) seen.push(await look(page));
  await fetch("/__report__", { method: "POST", body: JSON.stringify(seen) });
})();
</script>"""


@dataclass
class Visit:
    """What became of the visit to all pages."""

    pages: list = field(default_factory=list)
    not_found: list = field(default_factory=list)
    console: list = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)


class Handler(SimpleHTTPRequestHandler):
    """Serves the site, the driver, and takes the report."""

    def __init__(self, *args, visit, driver, **kwargs):
        self.visit, self.driver = visit, driver
        super().__init__(*args, **kwargs)

    def do_GET(self):
        if urlsplit(self.path).path != "/__driver__":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.driver.encode())

    def do_POST(self):
        self.visit.pages = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.visit.done.set()

    def send_error(self, code, *args, **kwargs):
        self.visit.not_found.append(f"{code} {self.path}")
        super().send_error(code, *args, **kwargs)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def visit(site, tmp_path_factory):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("there is no Chromium")
    paths = (path.relative_to(site) for path in sorted(site.rglob("*.html")))
    pages = [f"/{path.as_posix()}" for path in paths if path.parts[0] != "_static"]
    driver = DRIVER.replace("PAGES", json.dumps(pages)).replace("WIDTHS", json.dumps(WIDTHS))
    visit = Visit()
    handler = functools.partial(Handler, visit=visit, driver=driver, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/__driver__"
        visit.console = browse(browser, address, visit, tmp_path_factory.mktemp("browser"))
        server.shutdown()
    assert len(visit.pages) == len(pages)
    return visit


def browse(browser, address, visit, folder):
    """Open an address until the visit is over; return the lines of the browser's console."""
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    arguments += ["--enable-logging=stderr", "--v=0", f"--user-data-dir={folder / 'profile'}"]
    arguments += ["--window-size=1400,1000", "--remote-debugging-port=0"]
    log = folder / "log.txt"
    with log.open("w") as stderr:
        process = subprocess.Popen([browser, *arguments, address], stderr=stderr)
        try:
            over = visit.done.wait(SECONDS)
        finally:
            process.terminate()
            process.wait(30)
    lines = log.read_text(errors="replace").splitlines()
    assert over, f"not all pages were opened in {SECONDS} s:\n" + "\n".join(lines[-20:])
    written = [line for line in lines if "CONSOLE" in line]
    return [line for line in written if not any(note in line for note in KNOWN_NOTES)]


def test_nothing_is_written_to_the_console(visit):
    assert visit.console == []


def test_all_that_pages_ask_for_is_there(visit):
    assert visit.not_found == []


def test_no_picture_or_style_is_missing(visit):
    assert [page for page in visit.pages if page["pictures"] or page["styles"]] == []


def test_pages_have_titles(visit):
    assert [page["page"] for page in visit.pages if not page["title"].strip()] == []


def test_nothing_is_wider_than_the_page(visit):
    assert {page["page"]: page["wide"][:3] for page in visit.pages if page["wide"]} == {}
