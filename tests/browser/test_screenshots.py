# SPDX-License-Identifier: MIT
"""`publish` photographs the banner as a visitor would see it, and nobody outside hears of it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from browser.origin import Origin
from browser.shop import build_site, wait_until
from consent_banner.notice import Notice
from consent_ledger import photographer
from consent_ledger.errors import NoScreenshots
from consent_ledger.png import png_size
from consent_ledger.screenshots import DEVICES, MAX_BYTES, Screenshot
from harness import LedgerProcess, sample_notice
from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent
SITE = "http://shop.localhost:8471"

# Share of the pixels in which two pictures of the same size differ.
DIFFERENCE = """async (pictures) => {
  const [one, other] = await Promise.all(pictures.map(async (url) => {
    const image = new Image();
    image.src = "data:image/png;base64," + url;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    return canvas.getImageData(0, 0, image.width, image.height).data;
  }));
  let differing = 0;
  for (let at = 0; at < one.length; at += 4)
    if (one[at] != other[at] || one[at + 1] != other[at + 1] || one[at + 2] != other[at + 2]) differing++;
  return one.length == other.length ? (differing * 4) / one.length : 1;
}"""

# A banner in name only, which tells the ledger of itself in every way that a script has.
TELLTALE = """
const tell = () => {
  fetch("@LEDGER@/fetch", { mode: "no-cors" }).catch(() => 0);
  fetch("@LEDGER@/kept", { mode: "no-cors", keepalive: true }).catch(() => 0);
  new Image().src = "@LEDGER@/image";
  new Image().src = "@NUMBER@/number";
  try { new WebSocket("@LEDGER@/socket".replace("http", "ws")); } catch {}
  const frame = document.createElement("iframe");
  frame.src = "@LEDGER@/frame";
  document.documentElement.append(frame);
};
tell();
const show = () => {
  const gate = document.createElement("section");
  gate.className = "consent-gate";
  const button = document.createElement("button");
  button.textContent = "Customise";
  button.onclick = () => {
    tell();
    const dialog = document.createElement("dialog");
    dialog.className = "consent-gate";
    dialog.textContent = "Choices";
    document.body.append(dialog);
    dialog.showModal();
  };
  gate.append(button);
  document.body.append(gate);
};
if (document.body) show();
else addEventListener("DOMContentLoaded", show);
"""


def sri(script: bytes) -> str:
    return f"sha384-{base64.b64encode(hashlib.sha384(script).digest()).decode()}"


def a_notice() -> Notice:
    return Notice.load(sample_notice(texts={"en": {"customise": "Customise"}, "fr": {}}))


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built banner whose ledger nobody serves."""
    toml = (HERE / "site.toml").read_text(encoding="utf-8")
    toml = toml.replace("@SITE@", SITE).replace("@LEDGER@", "http://ledger.localhost:1")
    return build_site(toml, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def published(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Screenshots as the ledger names them, of a banner that was published by the command."""
    ledger = LedgerProcess(tmp_path_factory.mktemp("ledger"), site="shop", origins=[SITE])
    ledger.prepare()
    assert "and 4 screenshots as entry 0" in ledger.run("publish", str(dist), "--screenshots")
    listed = json.loads(ledger.run("publish", str(dist), "--list", "--json"))
    found: list[dict[str, Any]] = listed[0]["screenshots"]
    return found


@pytest.fixture
def photograph() -> Iterator[Callable[..., list[Screenshot]]]:
    """Takes pictures in a thread of its own: the test's thread has a Playwright already."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda *arguments: pool.submit(photographer.photograph, *arguments).result(60)


@pytest.fixture
def difference(browser: Browser) -> Iterator[Callable[[bytes, bytes], float]]:
    with browser.new_context() as context:
        page = context.new_page()

        def share(*pictures: bytes) -> float:
            return page.evaluate(DIFFERENCE, [base64.b64encode(each).decode() for each in pictures])

        yield share


def without_banner(browser: Browser, dist: Path, device: str) -> bytes:
    """The page that was photographed, with its script kept away."""
    notice = Notice.load(json.loads((dist / "notice.json").read_bytes()))
    width, height = DEVICES[device]
    viewport = {"width": width, "height": height}
    with browser.new_context(viewport=viewport, **photographer.WINDOWS[device]) as context:
        context.route("**/*", lambda route: route.abort())
        page = context.new_page()
        page.set_content(photographer.page_html(notice, sri(b"")))
        return page.screenshot()


def test_both_layers_are_seen_on_a_phone_and_a_desktop(
    published: list[dict[str, Any]],
    dist: Path,
    browser: Browser,
    difference: Callable[[bytes, bytes], float],
) -> None:
    images = {}
    for name in published:
        image = (dist / "screenshots" / f"{name['device']}-{name['layer']}.png").read_bytes()
        assert hashlib.sha256(image).hexdigest() == name["sha256"]
        assert len(image) <= MAX_BYTES
        images[name["device"], name["layer"]] = image
    assert {key: png_size(image) for key, image in images.items()} == {
        ("desktop", "first"): (1280, 800),
        ("desktop", "second"): (1280, 800),
        ("phone", "first"): (720, 1480),
        ("phone", "second"): (720, 1480),
    }
    for device in DEVICES:
        plain = without_banner(browser, dist, device)
        first, second = images[device, "first"], images[device, "second"]
        assert difference(plain, plain) == 0
        assert difference(plain, first) > 0.01  # words and outlines, on the ground of the page
        assert difference(plain, second) > 0.15  # the page behind the dialog is dimmed
        assert difference(first, second) > 0.15


def test_the_same_build_looks_the_same(
    published: list[dict[str, Any]], dist: Path, photograph: Callable[..., list[Screenshot]]
) -> None:
    notice = Notice.load(json.loads((dist / "notice.json").read_bytes()))
    script = (dist / "consent.js").read_bytes()
    assert [each.to_dict() for each in photograph(notice, sri(script), script)] == published


def test_nothing_leaves_the_browser_while_it_is_photographed(
    browser: Browser,
    photograph: Callable[..., list[Screenshot]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Newer Chromiums keep such pages from this machine by themselves; here only our fences count.
    off = "--disable-features=LocalNetworkAccessChecks"
    monkeypatch.setattr(photographer, "FLAGS", (*photographer.FLAGS, off))
    ledger = Origin("ledger")
    try:
        by_name, by_number = ledger.url, ledger.url.replace("ledger.localhost", "127.0.0.1")
        script = TELLTALE.replace("@LEDGER@", by_name).replace("@NUMBER@", by_number)
        taken = photograph(a_notice(), sri(script.encode()), script.encode())
        assert len(taken) == 4
        assert ledger.asked == []
        # The same script on a page that is not being photographed.
        with browser.new_context() as context:
            page: Page = context.new_page()
            page.goto(ledger.put("/page", f"<!doctype html><body><script>{script}</script>"))
            told = {"/fetch", "/kept", "/image", "/socket", "/frame", "/number"}
            wait_until(page, lambda: told <= set(ledger.asked), "all its ways")
    finally:
        ledger.close()


def test_a_script_without_the_hash_that_is_published_does_not_run(
    photograph: Callable[..., list[Screenshot]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same script is photographed above, under its own hash."""
    monkeypatch.setattr(photographer, "APPEARS_WITHIN_MS", 500)
    with pytest.raises(NoScreenshots, match="the first layer did not appear on a desktop"):
        photograph(a_notice(), sri(b"another"), TELLTALE.encode())


def test_a_layer_that_does_not_appear_is_named(
    photograph: Callable[..., list[Screenshot]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for script, layer, wait_ms in (
        (b"", "first", 500),
        (TELLTALE.replace("showModal", "close").encode(), "second", 3000),
    ):
        monkeypatch.setattr(photographer, "APPEARS_WITHIN_MS", wait_ms)
        with pytest.raises(NoScreenshots, match=f"the {layer} layer did not appear on a desktop"):
            photograph(a_notice(), sri(script), script)
    wordless = Notice.load(sample_notice())
    with pytest.raises(NoScreenshots, match="no text for `customise` in en"):
        photograph(wordless, sri(b""), b"")


def test_a_browser_that_ends_at_once_is_told_in_a_sentence(
    photograph: Callable[..., list[Screenshot]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "chromium"
    broken.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Chromium 1\n')
    broken.chmod(0o755)
    monkeypatch.setenv("CHROMIUM", str(broken))
    with pytest.raises(NoScreenshots, match=f"could not be photographed with {broken}: "):
        photograph(a_notice(), sri(b""), b"")
