# SPDX-License-Identifier: MIT
"""Takes the screenshots of a built banner with a Chromium of this machine.

The page exists in memory only. The browser resolves no name and no request leaves it: what the page
asks for is answered here, with the page, its script, or nothing. So no ledger hears of it.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from consent_banner.notice import Notice

from consent_ledger.chromium import FLAGS, find_chromium
from consent_ledger.errors import NoScreenshots, SetupError
from consent_ledger.screenshots import (
    DEVICES,
    MAX_TOGETHER_BYTES,
    SHOWN_LAYERS,
    Screenshot,
    check_image,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

PAGE = "http://127.0.0.1/"
SCRIPT = f"{PAGE}consent.js"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'"
NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND"
APPEARS_WITHIN_MS = 10_000

# Scale 2 on the phone: its small letters stay readable, and the file small.
PHONE: dict[str, Any] = {"device_scale_factor": 2, "is_mobile": True, "has_touch": True}
WINDOWS: dict[str, dict[str, Any]] = {"desktop": {"device_scale_factor": 1}, "phone": PHONE}
SELECTORS = {"first": "section.consent-gate", "second": "dialog.consent-gate[open]"}


def photograph_build(directory: Path, notice: Notice, script: dict[str, Any]) -> list[Screenshot]:
    """Pictures of the build in *directory*, which are written there too, into `screenshots`.

    *script* is what `build.json` says of it.
    Raises: NoScreenshots; SetupError when the script is another, or nothing can be written.
    """
    file = directory / script["file"]
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NoScreenshots(f"{file} cannot be read ({error.strerror})") from None
    found = f"sha384-{b64encode(hashlib.sha384(content).digest()).decode()}"
    if found != script["integrity"]:
        raise SetupError(
            f"{file} is not the script that build.json names: found {found}, "
            f"expected {script['integrity']}; build again"
        )
    taken = photograph(notice, script["integrity"], content)
    folder = directory / "screenshots"
    try:
        folder.mkdir(exist_ok=True)
        for picture in taken:
            (folder / picture.file).write_bytes(picture.image)
    except OSError as error:
        raise SetupError(f"{folder} cannot be written: {error.strerror}") from None
    return taken


def photograph(notice: Notice, integrity: str, script: bytes) -> list[Screenshot]:
    """Both layers on each device, in the notice's default language, by device and layer.

    The browser itself checks the script against *integrity* (SRI).
    Raises: NoScreenshots whose sentence says why, and what to do.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise NoScreenshots(
            "Playwright is not installed; `pip install 'consent-ledger[screenshots]'` brings it"
        ) from None
    path = find_chromium()
    page = page_html(notice, integrity).encode()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=path,
                args=[*FLAGS, NO_NETWORK],
                chromium_sandbox=os.geteuid() != 0,  # root has none
            )
            try:
                taken = [
                    picture
                    for device in DEVICES
                    for picture in _on(browser, device, notice, page, script)
                ]
            finally:
                browser.close()
    except (Error, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].strip()
        raise NoScreenshots(f"the banner could not be photographed with {path}: {reason}") from None
    _check(taken)
    return taken


def _check(taken: list[Screenshot]) -> None:
    """Raises: NoScreenshots when a ledger would not take them."""
    for picture in taken:
        try:
            check_image(picture.device, picture.image)
        except ValueError as error:
            raise NoScreenshots(f"the picture {picture.file} is no use: {error}") from None
    size = sum(len(picture.image) for picture in taken)
    if size > MAX_TOGETHER_BYTES:
        raise NoScreenshots(
            f"the pictures have {size} bytes together, expected {MAX_TOGETHER_BYTES} at most"
        )


def page_html(notice: Notice, integrity: str) -> str:
    """The neutral page: the site's name, and the banner's tag."""
    site = escape(notice.document["site"]["name"])
    return (
        f'<!doctype html>\n<html lang="{escape(notice.document["default_language"])}">'
        f'<head><meta charset="utf-8"><script async src="{SCRIPT}" integrity="{escape(integrity)}">'
        f'</script><title>{site}</title><meta name="viewport" content="width=device-width">'
        "<style>body{font:1rem/1.5 system-ui,sans-serif;margin:2rem}</style></head>"
        f"<body><main><h1>{site}</h1></main></body></html>\n"
    )


def _on(
    browser: Browser, device: str, notice: Notice, page_bytes: bytes, script: bytes
) -> list[Screenshot]:
    width, height = DEVICES[device]
    language = notice.document["default_language"]
    customise = notice.document["texts"][language].get("customise")
    if not customise:
        raise NoScreenshots(f"the notice has no text for `customise` in {language}")
    with browser.new_context(
        viewport={"width": width, "height": height},
        locale=language,
        timezone_id="UTC",
        color_scheme="light",
        reduced_motion="reduce",
        service_workers="block",
        **WINDOWS[device],
    ) as context:

        def answer(route: Route) -> None:
            if route.request.url == PAGE:
                headers = {"Content-Security-Policy": POLICY}
                route.fulfill(body=page_bytes, content_type="text/html", headers=headers)
            elif route.request.url == SCRIPT:
                route.fulfill(body=script, content_type="text/javascript")
            else:
                route.abort("blockedbyclient")

        context.route("**/*", answer)
        page = context.new_page()
        page.goto(PAGE)
        taken = []
        for layer in SHOWN_LAYERS:
            if layer == "second":
                button = page.locator(SELECTORS["first"]).get_by_role("button", name=customise)
                button.click(timeout=APPEARS_WITHIN_MS)
            _wait_for(page, device, layer)
            image = page.screenshot(animations="disabled", caret="hide")
            taken.append(Screenshot(device, layer, image))
        return taken


def _wait_for(page: Page, device: str, layer: str) -> None:
    from playwright.sync_api import TimeoutError as Late

    try:
        page.locator(SELECTORS[layer]).wait_for(timeout=APPEARS_WITHIN_MS)
    except Late:
        raise NoScreenshots(
            f"the {layer} layer did not appear on a {device} within {APPEARS_WITHIN_MS // 1000} s"
        ) from None
