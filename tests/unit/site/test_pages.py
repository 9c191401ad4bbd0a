# SPDX-License-Identifier: MIT
"""The demo's pages are sound HTML: structure, labels, links, and nothing from an unknown host."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

SITE = Path(__file__).parents[3] / "site"
PAGES = sorted(SITE.glob("*.html"))
ALL = sorted([*PAGES, *SITE.glob("vendors/**/*.html")])
VENDORS = "vendors.localhost:8472"
VOID = {"meta", "link", "input", "br", "img", "hr", "circle", "ellipse", "path"}
# Not files of this folder: made by the builder, or answered by the server itself.
MADE = {"consent.js", "choices.js", "log-key.txt", "sign-in", "sign-out"}


class Page(HTMLParser):
    """What the tests ask about one page; raises when tags are not closed in order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.unlabelled: list[str] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert not self._open, f"{path.name}: {self._open} is never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{self.path.name}: <{tag}> has an attribute twice"
        self.tags.append((tag, dict(attrs)))
        labelled = "label" in self._open or {"aria-label", "aria-labelledby", "title"} & set(names)
        if tag in ("input", "select", "textarea", "iframe") and not labelled:
            self.unlabelled.append(tag)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._open, f"{self.path.name}: </{tag}> closes nothing"
        assert self._open.pop() == tag, f"{self.path.name}: </{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def of(self, *wanted: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in wanted]

    @property
    def ids(self) -> list[str]:
        return [value for _, a in self.tags if (value := a.get("id"))]

    @property
    def addresses(self) -> list[str]:
        keys = ("href", "src", "data-src", "action")
        return [value for _, a in self.tags for key in keys if (value := a.get(key))]


def name_of(path: Path) -> str:
    return str(path.relative_to(SITE))


@pytest.fixture(params=ALL, ids=name_of)
def page(request: pytest.FixtureRequest) -> Page:
    return Page(request.param)


def test_the_demo_has_all_its_pages() -> None:
    names = {path.name for path in PAGES}
    expected = {"index", "docs", "dashboard", "cookies", "privacy", "choices", "404"}
    assert names == {f"{name}.html" for name in expected}


def test_each_page_says_its_language_title_and_licence(page: Page) -> None:
    text = page.path.read_text(encoding="utf-8")
    assert page.of("html")[0].get("lang") == "en"
    assert len(page.of("title")) == 1
    assert "SPDX-License-Identifier: MIT" in text
    assert page.of("meta")[0] == {"charset": "utf-8"}


def test_each_page_has_one_main_heading_and_no_level_is_jumped(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    if "frame" in (page.of("body")[0].get("class") or ""):
        assert not levels
        return
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_each_control_has_a_label_and_each_id_is_there_once(page: Page) -> None:
    assert page.unlabelled == []
    assert len(page.ids) == len(set(page.ids))


def test_references_between_elements_lead_somewhere(page: Page) -> None:
    keys = ("aria-labelledby", "aria-controls", "for", "list")
    wanted = {a[key] for _, a in page.tags for key in keys if a.get(key)}
    assert wanted <= set(page.ids)


def test_nothing_is_inline_but_what_waits_for_consent(page: Page) -> None:
    handlers = [n for _, a in page.tags for n in a if n.startswith("on") or n == "style"]
    assert handlers == []
    assert page.of("style") == []
    text = page.path.read_text(encoding="utf-8")
    outside = re.sub(r"<template .*?</template>", "", text, flags=re.S)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", outside))


def test_no_address_leads_to_an_unknown_host(page: Page) -> None:
    hosts = {urlsplit(address).netloc for address in page.addresses}
    assert hosts <= {"", VENDORS}


def test_what_comes_from_a_third_party_waits_for_consent(page: Page) -> None:
    text = page.path.read_text(encoding="utf-8")
    outside = re.sub(r"<template data-consent=.*?</template>", "", text, flags=re.S)
    for tag in re.findall(r"<[a-z][^>]*>", outside):
        if VENDORS in tag:
            assert re.search(r'data-consent="[a-z-]+"', tag), f"{tag} does not wait"
            assert 'type="text/plain"' in tag or "data-src=" in tag, f"{tag} does not wait"


def test_each_internal_link_leads_to_a_page_and_a_place_in_it(page: Page) -> None:
    is_vendors = "vendors" in page.path.relative_to(SITE).parts
    root = SITE / "vendors" if is_vendors else SITE
    for address in page.addresses:
        parts = urlsplit(address)
        if parts.netloc or parts.scheme == "mailto":
            continue
        path = parts.path.lstrip("/")
        target = page.path if not parts.path else root / (path or "index.html")
        if path in MADE or path.startswith("api/"):
            continue
        assert target.is_file(), f"{page.path.name} leads to {address}"
        if parts.fragment and target.suffix == ".html":
            assert parts.fragment in Page(target).ids, f"{page.path.name} leads to {address}"


def test_each_link_to_a_third_party_leads_to_a_file_of_its_server(page: Page) -> None:
    for address in page.addresses:
        parts = urlsplit(address)
        if parts.netloc:
            assert (SITE / "vendors" / parts.path.lstrip("/")).is_file(), address


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_each_page_of_the_site_has_the_tag_first_and_a_control_to_reopen(path: Path) -> None:
    page = Page(path)
    first = next(a for tag, a in page.tags if tag == "script")
    assert first == {"async": None, "src": "/consent.js"}
    assert any("data-consent-open" in a for _, a in page.tags)
    assert any(a.get("href") == "#main" for a in page.of("a"))


@pytest.mark.parametrize("path", sorted(SITE.glob("**/*.js")), ids=name_of)
def test_scripts_never_make_markup_or_code_out_of_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("// SPDX-License-Identifier: MIT\n")
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert not re.findall(forbidden, text)
    assert not re.findall(r"https?://(?!127\.0\.0\.1)", text)


@pytest.mark.parametrize("path", sorted(SITE.glob("**/*.css")), ids=name_of)
def test_styles_fetch_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("/* SPDX-License-Identifier: MIT */\n")
    assert not re.findall(r"url\(|@import", text)


def test_the_dashboard_is_translated_whole() -> None:
    source = (SITE / "assets" / "words.js").read_text(encoding="utf-8")
    blocks = re.findall(r"^  (\w\w): \{\n(.*?)^  \},", source, re.S | re.M)
    assert [language for language, _ in blocks] == ["fr", "de"]
    used = {a["data-word"] for _, a in Page(SITE / "dashboard.html").tags if "data-word" in a}
    for language, block in blocks:
        keys = set(re.findall(r'^    "?([\w.]+)"?:', block, re.M))
        assert keys == used | {"minutes", "page"}, language
