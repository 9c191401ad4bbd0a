# SPDX-License-Identifier: MIT
"""The demo site keeps what its cookies policy promises, started as `make run` starts it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.engines import FLAGS, find
from browser.shop import problems, quiet, until, wait_until
from consent_ledger.tlog.receipts import verify_receipt
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

ROOT = Path(__file__).parents[2]
PAGES = ("/", "/docs.html", "/dashboard.html", "/cookies.html", "/privacy.html", "/choices.html")
VENDORS = ("pay", "monitor", "shield", "chat")
EVENTS = {"page_visited", "time_on_feature", "error_encountered", "usage_pattern"}
KEY_KINDS = {"local": "localStorage", "session": "sessionStorage"}


@dataclass
class Demo:
    """A running demo: its addresses, and the auditor's key."""

    site: str
    vendors: str
    ledger: str
    key: str

    def get(self, address: str, key: str = "") -> bytes:
        """Body of a GET, by the address that Python can reach."""
        parts = urlsplit(address)
        connection = HTTPConnection("127.0.0.1", parts.port or 80, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            connection.request("GET", f"{parts.path}?{parts.query}", headers=headers)
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200, f"{address}: {response.status} {body!r}"
            return body
        finally:
            connection.close()

    def decision(self, record: str) -> dict[str, Any]:
        """The decision with this record id, as the auditor finds it in the export."""
        export = self.get(f"{self.ledger}/v1/sites/meridian/export?parts=all", self.key)
        entries = [json.loads(line) for line in export.splitlines()[1:]]
        [found] = [
            entry["evidence"]["part"] | entry["subject"]["part"]
            for entry in entries
            if entry["kind"] == 1 and entry["subject"] and entry["subject"]["part"]["id"] == record
        ]
        return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    ready, log = folder / "ready.json", folder / "demo.log"
    command = [sys.executable, str(ROOT / "site" / "demo.py"), "--data", str(folder / "data")]
    command += [f"--{name}-port=0" for name in ("ledger", "site", "vendors")]
    with (
        log.open("wb") as out,
        subprocess.Popen([*command, "--json-ready", str(ready)], stdout=out, stderr=out) as process,
    ):
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        found = json.loads(ready.read_text())
        key = Path(found["audit_key_file"]).read_text().strip()
        yield Demo(found["site"], found["vendors"], found["ledger"], key)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, log.read_text()


@pytest.fixture(scope="module")
def declared() -> list[dict[str, Any]]:
    """Every declared cookie and key with its service and category, the product's own included."""
    config = tomllib.loads((ROOT / "site" / "banner.toml").read_text(encoding="utf-8"))
    rows = [
        {"kind": "cookie", **cookie, "service": service["id"], "provider": service["provider"]}
        for category in config["category"]
        for service in category["service"]
        if service.get("status") != "planned"
        for cookie in service["cookies"]
    ]
    own = [("consent", "cookie", 180)]
    own += [(f"consent.{key}", "local", "until-deleted") for key in ("token", "last", "queue.*")]
    return rows + [
        {"name": name, "kind": kind, "duration": duration, "service": "consent-choice"}
        for name, kind, duration in own
    ]


def region(page: Page) -> Locator:
    return page.get_by_role("region", name="Your choices on Meridian API")


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Your choices on Meridian API")


def visit(context: BrowserContext, demo: Demo, path: str = "/") -> Page:
    page = context.new_page()
    page.goto(demo.site + path)
    until(page, "!!window.consent?.granted")
    return page


def first_visit(context: BrowserContext, demo: Demo, path: str = "/") -> Page:
    page = visit(context, demo, path)
    region(page).wait_for()
    return page


def answer(page: Page, button: str) -> str:
    """Answers in the first layer; returns the record's id once the ledger has it."""
    listen = "document.addEventListener('consent:receipt', () => (window.receipts = 1))"
    page.evaluate(listen)
    region(page).get_by_role("button", name=button).click()
    until(page, "!!window.receipts")
    return page.evaluate("consent.record()")


def third_party_requests(context: BrowserContext, demo: Demo) -> list[str]:
    """A list that fills with every request to the third parties."""
    asked: list[str] = []
    context.on(
        "request",
        lambda request: asked.append(request.url) if request.url.startswith(demo.vendors) else None,
    )
    return asked


def counted(context: BrowserContext) -> list[dict[str, Any]]:
    """A list that fills with every event that the site's own counter sends."""
    events: list[dict[str, Any]] = []
    context.on(
        "request",
        lambda request: (
            events.append(request.post_data_json) if request.url.endswith("/count") else None
        ),
    )
    return events


def keys(page: Page) -> dict[str, set[str]]:
    return {
        kind: set(page.evaluate(f"Object.keys({storage})")) for kind, storage in KEY_KINDS.items()
    }


def sign_in(page: Page, demo: Demo) -> None:
    page.goto(demo.site + "/dashboard.html")
    page.get_by_label("Name").fill("Ada")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#signed-name")).to_contain_text("Ada")


@pytest.mark.promise("S0-01")
def test_the_policy_shows_its_date_and_the_notice_that_the_ledger_keeps(
    demo: Demo, context: BrowserContext
) -> None:
    page = first_visit(context, demo, "/cookies.html")
    notice = demo.get(demo.site + "/notice.json")
    digest = sha256(notice).hexdigest()
    updated = json.loads(notice)["site"]["updated"]
    assert page.locator(f"time[datetime='{updated}']").count() == 1
    assert digest in page.locator("main").inner_text()
    assert demo.get(f"{demo.ledger}/v1/sites/meridian/notices/{digest}") == notice


@pytest.mark.promise("S0-02")
def test_the_question_is_in_plain_words(demo: Demo, context: BrowserContext) -> None:
    text = region(first_visit(context, demo)).inner_text()
    jargon = r"legitimate interest|vendor|partners and|IAB|processing|personali[sz]ation|enhance"
    assert not re.search(jargon, text, re.IGNORECASE)
    assert max(len(sentence.split()) for sentence in re.split(r"[.:]\s", text)) <= 25
    cookies = visit(context, demo, "/cookies.html").locator("main").inner_text()
    assert "A cookie is a small file" in cookies


@pytest.mark.promise("S0-03")
def test_necessary_is_told_not_asked_and_works_after_a_refusal(
    demo: Demo, context: BrowserContext
) -> None:
    page = first_visit(context, demo, "/dashboard.html")
    region(page).get_by_role("button", name="Customise").click()
    expect(dialog(page).get_by_text("Necessary (always on)")).to_be_visible()
    for name in ("Sign-in and security", "Session management", "Load balancing", "API request"):
        expect(dialog(page)).to_contain_text(name)
    assert dialog(page).get_by_role("checkbox", name="Necessary").count() == 0
    dialog(page).get_by_role("button", name="Reject all").click()
    sign_in(page, demo)
    page.reload()
    expect(page.locator("#signed-name")).to_contain_text("Ada")


@pytest.mark.promise("S0-04")
def test_settings_are_kept_with_consent_only_and_erased_on_withdrawal(
    demo: Demo, context: BrowserContext
) -> None:
    page = first_visit(context, demo, "/dashboard.html")
    answer(page, "Reject all")
    wanted = {"language": "fr", "rows": "5", "format": "csv", "density": "compact"}

    def change() -> None:
        for name, value in wanted.items():
            page.locator(f"select[name={name}]").select_option(value)

    def shown() -> dict[str, str]:
        page.locator("#settings").wait_for()
        return {name: page.locator(f"select[name={name}]").input_value() for name in wanted}

    change()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert shown() == wanted
    assert not any(key.startswith("settings.") for key in keys(page)["local"])
    page.reload()
    assert shown() == {"language": "en", "rows": "10", "format": "json", "density": "comfortable"}

    page.evaluate("consent.open()")
    dialog(page).get_by_role("checkbox", name="Functional").check()
    dialog(page).get_by_role("button", name="Save choices").click()
    until(page, "consent.granted('site-settings')")
    quiet(page)
    change()
    page.reload()
    assert shown() == wanted
    assert {f"settings.{name}" for name in wanted} <= keys(page)["local"]

    page.locator("[data-consent-withdraw]").first.click()
    quiet(page)
    assert not any(key.startswith("settings.") for key in keys(page)["local"])


@pytest.mark.promise("S0-05")
def test_the_counter_sends_exactly_four_kinds_of_events_and_only_with_consent(
    demo: Demo, context: BrowserContext
) -> None:
    events = counted(context)
    page = first_visit(context, demo, "/docs.html")
    quiet(page)
    assert events == []
    region(page).get_by_role("button", name="Customise").click()
    dialog(page).get_by_role("checkbox", name="Analytics").check()
    dialog(page).get_by_role("button", name="Save choices").click()
    wait_until(page, lambda: events, "a first event")
    assert "counter.id" in keys(page)["local"]
    page.wait_for_timeout(1100)  # a feature counts from one second on
    page.evaluate("dispatchEvent(new ErrorEvent('error', { message: 'of a test' }))")
    page.locator("[data-usage]:enabled:visible").first.click()
    # Out of view; what is sent as a page is left does not always reach who listens here.
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    wait_until(page, lambda: {event["kind"] for event in events} == EVENTS, "four kinds")
    page.goto(demo.site + "/dashboard.html")
    until(page, "!!window.consent?.granted")
    page.locator("[data-usage]:enabled:visible").first.click()
    quiet(page)
    assert {event["kind"] for event in events} == EVENTS
    page.locator("[data-consent-withdraw]").first.click()
    quiet(page)
    events.clear()
    page.evaluate("dispatchEvent(new ErrorEvent('error', { message: 'after' }))")
    page.goto(demo.site + "/docs.html")
    quiet(page)
    assert events == []
    assert "counter.id" not in keys(page)["local"]


@pytest.mark.promise("S0-06", "S0-07", "S0-21")
def test_what_the_browser_holds_is_what_is_declared(
    demo: Demo, context: BrowserContext, declared: list[dict[str, Any]]
) -> None:
    """Names, kinds and durations; nothing undeclared, and everything declared is really used."""
    page = first_visit(context, demo)
    answer(page, "Accept all")
    began = time.time()
    for path in PAGES:
        page.goto(demo.site + path)
        until(page, "!!window.consent?.granted")
        quiet(page)
        page.wait_for_load_state("load")
        if path == "/docs.html":
            page.locator("[data-usage]:enabled:visible").first.click()
        if path == "/dashboard.html":
            page.locator("select[name=theme]").select_option("dark")
            sign_in(page, demo)
    page.goto(demo.site + "/docs.html")
    quiet(page)
    page.wait_for_timeout(500)

    held = [
        (
            "third-party" if not cookie["domain"].startswith("meridian") else "cookie",
            cookie["name"],
            "session" if cookie["expires"] == -1 else round((cookie["expires"] - began) / 86400),
        )
        for cookie in context.cookies()
    ]
    for kind, names in keys(page).items():
        held += [
            (kind, name, "session" if kind == "session" else "until-deleted") for name in names
        ]

    def covers(row: dict[str, Any], name: str) -> bool:
        return bool(re.fullmatch(re.escape(row["name"]).replace(r"\*", ".*"), name))

    for kind, name, duration in held:
        rows = [row for row in declared if row["kind"] == kind and covers(row, name)]
        assert rows, f"{kind} {name} is not declared"
        assert rows[0]["duration"] == duration, f"{name}: declared {rows[0]['duration']}"
    unseen = [
        row["name"]
        for row in declared
        if not any(row["kind"] == kind and covers(row, name) for kind, name, _ in held)
    ]
    assert unseen == ["consent.queue.*"], "declared but never seen; the queue is empty once sent"

    table = page.context.new_page()
    table.goto(demo.site + "/cookies.html")
    text = table.locator("main").inner_text()
    assert [row["name"] for row in declared if row["name"] not in text] == []


@pytest.mark.promise("S0-06")
def test_session_cookies_end_with_the_browser_and_the_choice_does_not(
    demo: Demo, browser: Browser, context: BrowserContext
) -> None:
    page = first_visit(context, demo)
    answer(page, "Reject all")
    sign_in(page, demo)
    lasting = [cookie for cookie in context.cookies() if cookie["expires"] != -1]
    assert [cookie["name"] for cookie in lasting] == ["consent"]


@pytest.mark.promise("S0-08")
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_third_party_is_asked_only_with_its_consent(
    demo: Demo, context: BrowserContext, vendor: str
) -> None:
    names = {
        "pay": "Payment and billing",
        "monitor": "Performance monitoring",
        "shield": "Security and fraud prevention",
        "chat": "Support chat",
    }
    asked = third_party_requests(context, demo)
    page = first_visit(context, demo)

    def tour() -> set[str]:
        asked.clear()
        for path in PAGES:
            page.goto(demo.site + path)
            until(page, "!!window.consent?.granted")
            quiet(page)
        return {urlsplit(url).path.split("/")[1] for url in asked}

    assert tour() == set()
    page.evaluate("consent.open()")
    dialog(page).get_by_role("checkbox", name=names[vendor]).check()
    dialog(page).get_by_role("button", name="Save choices").click()
    until(page, "id => consent.granted(id)", vendor)
    assert tour() - {"style.css"} == {vendor}  # the sheet that their frames share
    page.locator("[data-consent-withdraw]").first.click()
    until(page, "id => !consent.granted(id)", vendor)
    assert tour() == set()


@pytest.mark.promise("S0-09")
def test_every_third_party_has_its_own_policy_and_the_declaration_links_to_it(
    demo: Demo, context: BrowserContext
) -> None:
    page = first_visit(context, demo, "/cookies.html")
    for vendor in (*VENDORS, "survey"):
        address = f"{demo.vendors}/{vendor}/policy.html"
        assert page.locator(f"main a[href='{address}']").count() >= 1
        assert b"<h1" in demo.get(address)


@pytest.mark.promise("S0-10", "S0-11")
def test_with_cookies_blocked_the_site_works_says_what_does_not_and_counts_as_a_refusal(
    demo: Demo, browser: Browser, tmp_path: Path
) -> None:
    profile = tmp_path / "profile" / "Default"
    profile.mkdir(parents=True)
    settings = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (profile / "Preferences").write_text(json.dumps(settings))
    with browser.browser_type.launch_persistent_context(
        profile.parent, executable_path=find("chromium"), args=list(FLAGS)
    ) as context:
        found = problems(context)
        asked = third_party_requests(context, demo)
        page = first_visit(context, demo)
        expect(page.locator("#blocked")).to_contain_text("What will not work")
        region(page).get_by_role("button", name="Reject all").click()
        page.get_by_role("link", name="Documentation").first.click()
        expect(page).to_have_title(re.compile("Documentation"))
        region(page).wait_for()
        assert asked == []
        assert found == []


@pytest.mark.promise("S0-10", "S0-12")
def test_it_asks_on_the_first_visit_not_on_the_second_and_again_once_cleared(
    demo: Demo, context: BrowserContext
) -> None:
    page = first_visit(context, demo)
    answer(page, "Reject all")
    again = visit(context, demo, "/privacy.html")
    quiet(again)
    expect(region(again)).to_have_count(0)
    context.clear_cookies()
    first_visit(context, demo, "/docs.html")


@pytest.mark.promise("S0-13", "S0-14", "S0-16")
def test_withdrawing_takes_no_more_clicks_than_accepting_and_keeps_the_old_record(
    demo: Demo, context: BrowserContext
) -> None:
    page = first_visit(context, demo)
    accepted = answer(page, "Accept all")  # one click
    assert set(demo.decision(accepted)["services"].values()) == {True}
    for path in PAGES:
        page.goto(demo.site + path)
        until(page, "!!window.consent?.granted")
        expect(page.locator("footer [data-consent-open]")).to_be_visible()
        expect(page.locator("footer [data-consent-withdraw]")).to_be_visible()
    page.locator("footer [data-consent-withdraw]").click()  # one click
    until(page, "id => consent.record() != id", accepted)
    delivered = "!Object.keys(localStorage).some(key => key.startsWith('consent.queue.'))"
    until(page, delivered)
    withdrawn = demo.decision(page.evaluate("consent.record()"))
    assert withdrawn["action"] == "withdraw"
    assert withdrawn["previous"] == accepted
    assert set(withdrawn["services"].values()) == {False}
    assert demo.decision(accepted)["action"] == "accept_all"
    expect(page.locator("footer [data-consent-withdraw]")).to_be_hidden()


@pytest.mark.promise("S0-15")
def test_a_choice_is_recorded_service_by_service(demo: Demo, context: BrowserContext) -> None:
    page = first_visit(context, demo)
    page.evaluate("document.addEventListener('consent:receipt', () => window.done = true)")
    region(page).get_by_role("button", name="Customise").click()
    for name in ("Functional", "Payment and billing"):
        dialog(page).get_by_role("checkbox", name=name, exact=True).check()
    dialog(page).get_by_role("button", name="Save choices").click()
    until(page, "window.done")
    found = demo.decision(page.evaluate("consent.record()"))
    assert found["action"] == "customise"
    assert {name for name, granted in found["services"].items() if granted} == {
        "site-settings",
        "pay",
    }
    assert found["categories"] == {"functional": True, "analytics": False, "partners": False}


@pytest.mark.promise("S0-20")
def test_the_contact_is_in_both_layers_and_the_copied_number_finds_the_record(
    demo: Demo, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = first_visit(context, demo, "/choices.html")
    mailto = "a[href='mailto:privacy@meridian.example']"
    expect(region(page).locator(mailto)).to_be_visible()
    record = answer(page, "Reject all")
    expect(page.locator("main")).to_contain_text(record)
    page.locator("main [data-consent-open]").click()
    expect(dialog(page).locator(mailto)).to_be_visible()
    dialog(page).get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Copy the number").click()
    expect(page.locator("#copied")).not_to_be_empty()
    assert demo.decision(page.evaluate("navigator.clipboard.readText()"))["action"] == "reject_all"


def test_your_choices_shows_what_is_in_force_and_what_the_ledger_holds(
    demo: Demo, context: BrowserContext
) -> None:
    page = first_visit(context, demo, "/choices.html")
    answer(page, "Reject all")
    page.reload()
    expect(page.locator(".consent-state")).to_contain_text("Support chat")
    for service in ("site-settings", "page-counter", *VENDORS):
        state = page.locator(f"[data-consent-state={service}]")
        expect(state).to_have_text("Not allowed")
    expect(page.locator(".consent-history li")).to_contain_text("You refused everything.")


def test_each_page_offers_the_receipt_after_a_choice_and_moves_nothing(
    demo: Demo, browser: Browser
) -> None:
    key = demo.get(demo.site + "/log-key.txt").decode().strip()
    for path in PAGES:
        with browser.new_context() as context:
            page = first_visit(context, demo, path)
            page.wait_for_load_state("load")
            where = "document.querySelector('main').getBoundingClientRect().toJSON()"
            before = page.evaluate(where)
            record = answer(page, "Reject all")
            line = page.get_by_role("status").filter(has_text="Your choice is recorded.")
            with page.expect_download() as download:
                line.get_by_role("button", name="Save your receipt").click()
            receipt = Path(download.value.path()).read_bytes()
            assert verify_receipt(receipt, [key]).subject["id"] == record
            # "Your choices" itself grows by what was decided, below its top.
            after = page.evaluate(where)
            sides = ("top", "left", "width") if path == "/choices.html" else before
            assert [after[side] for side in sides] == [before[side] for side in sides], path


def test_forget_me_does_what_the_policies_say(demo: Demo, context: BrowserContext) -> None:
    """Erased here and there; nothing optional runs any more; asked again; a receipt still proves."""
    page = first_visit(context, demo)
    record = answer(page, "Accept all")
    page.goto(demo.site + "/choices.html")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save receipt").click()
    receipt = Path(download.value.path()).read_bytes()
    page.get_by_role("button", name="Forget me").click()
    second = page.get_by_role("dialog", name="Forget this browser?")
    second.get_by_role("button", name="Forget me").click()
    page.get_by_role("heading", name="What was removed").wait_for()
    assert {name for name in keys(page)["local"] if name.startswith("consent.")} == set()
    assert "consent" not in {cookie["name"] for cookie in context.cookies()}
    export = demo.get(f"{demo.ledger}/v1/sites/meridian/export?parts=all", demo.key)
    assert record.encode() not in export
    asked = third_party_requests(context, demo)
    for path in PAGES:
        page.goto(demo.site + path)
        region(page).wait_for()
        quiet(page)
    assert asked == []
    key = demo.get(demo.site + "/log-key.txt").decode().strip()
    assert verify_receipt(receipt, [key]).subject["id"] == record


def test_your_choices_says_in_plain_words_that_the_script_is_blocked(
    demo: Demo, context: BrowserContext
) -> None:
    context.route("**/consent.js", lambda route: route.abort())
    page = context.new_page()
    page.goto(demo.site + "/choices.html")
    expect(page.locator(".consent-note")).to_contain_text("your browser may block it")


def test_your_choices_says_in_plain_words_that_every_script_is_blocked(
    demo: Demo, browser: Browser
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(demo.site + "/choices.html")
        expect(page.locator(".consent-note")).to_contain_text("your browser blocks")
        expect(page.locator(".consent-page button:visible")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_no_accessibility_rule_is_broken_on_any_page_or_layer(
    demo: Demo, browser: Browser, scheme: str, width: int
) -> None:
    """WCAG 2.2 AA and best practice, as far as rules can tell, with the question in sight."""
    size = {"width": width, "height": 720}
    with browser.new_context(color_scheme=scheme, viewport=size) as context:  # type: ignore[arg-type]
        page = first_visit(context, demo)
        for path in PAGES:
            page.goto(demo.site + path)
            region(page).wait_for()
            assert broken_rules(page) == [], path
        page.evaluate("consent.open()")
        dialog(page).wait_for()
        assert broken_rules(page) == [], "second layer"


def broken_rules(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {[node['html'][:120] for node in rule['nodes']]}" for rule in found]
