"""The page that a report writes, and the example that writes one."""

import base64
import re
import runpy
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from mofa_sklearn.inspection import analyze_modalities
from mofa_sklearn.inspection._analysis._html import number, share, text

EXAMPLE = Path(__file__).parents[2] / "examples" / "analyze_folder.py"
HOSTILE = '<script>alert("x")</script> & $x^2_'
VOID_TAGS = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Checks that tags are balanced, and keeps what they hold."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.texts = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"twice the same attribute in <{tag}>"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else None, data))

    def attributes(self, tag, name):
        return [attributes.get(name) for found, attributes in self.tags if found == tag]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 9))
    X[:, 5] = X[:, 0]
    X[80:, :3] = np.nan
    X[5, 7] = np.nan
    X[70:75] = X[:5]
    X[:, 8] = np.exp(3 * X[:, 8])
    y = np.round(np.exp(X[:, [3, 4]] + 3))
    return X, y


@pytest.fixture(scope="module")
def report(data):
    X, y = data
    names = [f"image_{i}" for i in range(3)] + [f"{HOSTILE}{i}" for i in range(3)]
    frame = pd.DataFrame(X, columns=[*names, "_a", "文字", "c"])
    modalities = {"image": names[:3], HOSTILE: names[3:], "_文字": ["_a", "文字", "c"]}
    return analyze_modalities(
        frame,
        y,
        modalities=modalities,
        groups=np.arange(90) // 2,
        target_names=[HOSTILE, "_likes $"],
        random_state=0,
    )


@pytest.fixture(scope="module")
def page(report):
    return report.to_html()


def test_tags_are_balanced_and_the_head_is_complete(page):
    parsed = Page(page)
    assert page.startswith("<!DOCTYPE html>")
    assert parsed.attributes("html", "lang") == ["en"]
    assert "viewport" in parsed.attributes("meta", "name")
    assert "utf-8" in parsed.attributes("meta", "charset")
    assert [tag for tag, _ in parsed.tags].count("h1") == 1


def test_names_are_text_and_never_markup(page, report):
    for html in (page, report._repr_html_()):
        parsed = Page(html)
        assert {tag for tag, _ in parsed.tags}.isdisjoint({"script", "iframe", "object", "link"})
        assert any(tag == "th" and HOSTILE in data for tag, data in parsed.texts)
        assert all(not name.startswith("on") for _, attrs in parsed.tags for name in attrs)


def test_nothing_is_loaded_from_elsewhere(page):
    assert "://" not in page
    assert "url(" not in page
    assert "@import" not in page
    parsed = Page(page)
    assert all(source.startswith("data:image/") for source in parsed.attributes("img", "src"))
    assert all(address.startswith("#") for address in parsed.attributes("a", "href"))


def test_links_lead_to_sections_that_say_first_what_they_show(page):
    parsed = Page(page)
    ids = parsed.attributes("section", "id")
    assert parsed.attributes("a", "href") == [f"#{identifier}" for identifier in ids]
    assert len(ids) == len(set(ids)) == 9
    leads = re.findall(r"<section[^>]*><h2>[^<]+</h2><p class=\"lead\">([^<]{60,})</p>", page)
    assert len(leads) == len(ids)


def test_pictures_are_valid_svg_with_a_description(page):
    parsed = Page(page)
    sources, descriptions = parsed.attributes("img", "src"), parsed.attributes("img", "alt")
    assert len(sources) == 3 + 1 + 2 + 1 + 1 + 1  # blocks, spectrum, targets, and one each
    assert all(len(description) > 30 for description in descriptions)
    for source in sources:
        root = ElementTree.fromstring(base64.b64decode(source.partition("base64,")[2]))
        assert root.tag.endswith("svg")
        assert "script" not in {element.tag.rpartition("}")[2] for element in root.iter()}


def test_tables_scroll_in_a_box_of_their_own_and_have_headings(page):
    assert page.count("<table>") == page.count('<div class="scroll" tabindex="0" role="region"')
    parsed = Page(page)
    assert None not in parsed.attributes("th", "scope")
    assert [tag for tag, _ in parsed.tags].count("caption") == page.count("<table>")


def test_findings_are_all_on_the_page_in_their_order(page, report):
    places = [page.find(text(finding)) for finding in report.findings["finding"]]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.filterwarnings("error")
def test_a_file_holds_the_same_page_whatever_the_users_style(page, report, tmp_path):
    with mpl.rc_context({"axes.facecolor": "black", "font.size": 40, "svg.fonttype": "path"}):
        assert report.to_html(tmp_path / "report.html") is None
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page
    assert plt.get_fignums() == []


def test_without_targets_and_groups_their_sections_are_left_out(data):
    html = analyze_modalities(data[0]).to_html()
    ids = Page(html).attributes("section", "id")
    assert set(ids).isdisjoint({"targets", "groups", "prediction"})


def test_a_notebook_shows_findings_and_blocks_without_drawing(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    html = report._repr_html_()
    assert "What to look at first" in html
    assert "Blocks at a glance" in html
    # No rule of the style reaches beyond the report.
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL).group(1)
    rules = re.findall(r"(?:^|\})\s*([^{}@]+)\{", style)
    assert all(part.strip().startswith(".mofa-report") for r in rules for part in r.split(","))
    with pytest.raises(ImportError, match="matplotlib, which is not installed"):
        report.to_html()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (3.0, "3"),
        (1234567, "1.23 million"),
        (2.5e9, "2.5 billion"),
        (123.456, "123"),
        (12345.6, "12,346"),
        (0.98765, "0.988"),
        (-1.5, "-1.50"),
        (0.00001234, "1.2 × 10⁻⁵"),
        (-3e15, "-3.0 × 10¹⁵"),
        (np.nan, "–"),
        (np.float32(0.25), "0.250"),
    ],
)
def test_numbers_are_short_and_readable(value, expected):
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0\u00a0%"), (0.1234, "12.3\u00a0%"), (0.0001, "&lt; 0.1\u00a0%"), (np.nan, "–")],
)
def test_shares_are_percentages(value, expected):
    assert share(value) == expected


@pytest.mark.parametrize("source", ["generated", "folder"])
def test_example_writes_a_page(source, data, tmp_path, monkeypatch, capsys):
    X, y = data
    arguments = ["--n-samples", "200"]
    if source == "folder":
        np.save(tmp_path / "image_features.npy", X[:, :3])
        np.save(tmp_path / "text_features.npy", X[:, 3:])
        np.save(tmp_path / "popularity_counts.npy", y)
        arguments = ["--data", str(tmp_path)]
    output = tmp_path / "page.html"
    monkeypatch.setattr(sys, "argv", ["analyze_folder", *arguments, "--output", str(output)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert "all blocks" in capsys.readouterr().out
    Page(output.read_text(encoding="utf-8"))
