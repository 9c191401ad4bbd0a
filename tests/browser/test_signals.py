# SPDX-License-Identifier: MIT
"""What others are told of a choice, and what the browser's own opt-out signal does.

Adverts and Pixel sell or share here. Google's tags are stood in for by scripts that read the same
queue; the browser's signal by the property that browsers with it have.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from browser.shop import SERVICES, Shop, addresses, answers, body, build_site, quiet, settle
from browser.test_choice import choices, evidence_of, gate
from consent_banner.config import load
from consent_banner.consent_mode import source
from playwright.sync_api import Browser, BrowserContext, Page, expect

HERE = Path(__file__).parent
SOLD = {"ads", "pixel"}
KEPT = set(SERVICES) - SOLD
SETTINGS = """
[signals]
data_layer = true

[signals.google]
ad_storage = "marketing"
analytics_storage = "stats"
wait_for_update = 5000
"""
DENIED = {"ad_storage": "denied", "analytics_storage": "denied"}
GRANTED = {"ad_storage": "granted", "analytics_storage": "granted"}
SIGNAL = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { value: true });"
RESPECTED = "Your browser\u2019s opt-out signal (Global Privacy Control) is respected."
EXCEPTION = (
    "Your browser\u2019s opt-out signal (Global Privacy Control) is on. You allowed an exception."
)
PLACE = "<footer><p data-consent-signal></p></footer>"
# Google's tag, as far as it matters here: it holds back until it is told, or has waited in vain.
TAG = """
window.dataLayer ||= []; window.held = "";
let waits;
const meet = (command) => {
  if (command[0] != "consent") return;
  const [, how, state] = command;
  if (how == "default" && state.wait_for_update) waits = setTimeout(() => (held = "in vain"), state.wait_for_update);
  if (how == "update") clearTimeout(waits), (held ||= "told " + JSON.stringify(state));
};
dataLayer.forEach(meet);
const push = dataLayer.push;
dataLayer.push = (...commands) => (commands.forEach(meet), push.apply(dataLayer, commands));
"""
# What a tag sees at the moment it runs.
READS = """
window.read = {};
for (const [what, how, state] of Array.from(dataLayer, (entry) => entry[0] ? [...entry] : [])) if (what == "consent") Object.assign(read, state);
"""


@dataclass
class Signals:
    """The shop with every signal switched on, on pages of its own."""

    shop: Shop
    stub: str
    toml: Path

    def open(self, page: Page, path: str = "/signals.html") -> Page:
        page.goto(self.shop.site.url + path)
        page.wait_for_load_state()
        return page


def with_signals(shop: Shop, settings: str = SETTINGS) -> str:
    """The shop's banner.toml where two services sell or share."""
    toml = (HERE / "site.toml").read_text(encoding="utf-8")
    for service in ("Adverts", "Pixel"):
        toml = toml.replace(f'name = "{service}"', f'name = "{service}"\nsale_or_share = true')
    return toml.replace("@SITE@", shop.site.url).replace("@LEDGER@", shop.ledger.url) + settings


@pytest.fixture(scope="session")
def _dist(_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    dist = build_site(with_signals(_shop), tmp_path_factory.mktemp("signals"))
    _shop.ledger.publish(dist)
    return dist


@pytest.fixture
def signals(shop: Shop, _dist: Path) -> Signals:
    put(shop, "signals", _dist)
    stub = (_dist / "consent-mode.html").read_text(encoding="utf-8")
    content = PLACE + body(shop.vendors.url) + reading()
    head = f'{stub}<script async src="/signals.js"></script>'
    shop.site.put("/signals.html", shop.page_html(content, head))
    shop.site.put("/google.js", TAG, "text/javascript")
    return Signals(shop, stub, _dist.parent / "banner.toml")


def put(shop: Shop, name: str, dist: Path) -> None:
    script = (dist / "consent.js").read_text(encoding="utf-8")
    shop.site.put(f"/{name}.js", script, "text/javascript")


def reading() -> str:
    return f'<script type="text/plain" data-consent="stats">{READS}</script>'


@pytest.fixture
def visitor(context: BrowserContext) -> Page:
    """A page of a browser that sends no signal."""
    return context.new_page()


@pytest.fixture
def opposed(context: BrowserContext) -> Page:
    """A page of the same browser that sends the signal."""
    page = context.new_page()
    page.add_init_script(SIGNAL)
    return page


@pytest.fixture
def one_pixel(shop: Shop, tmp_path: Path) -> str:
    """The path of a page whose only question is about what is sold; there is no ledger."""
    toml = with_signals(shop, "")
    head, rest = toml.split('[[category]]\nid = "functional"')
    marketing = '[[category]]\nid = "marketing"' + rest.split('[[category]]\nid = "marketing"')[1]
    head = head.replace(f'[ledger]\nurl = "{shop.ledger.url}"\n', "")
    put(shop, "sold", build_site(head + marketing, tmp_path))
    content = f"{PLACE}<script type='text/plain' data-consent='pixel' src='{shop.vendors.url}/pixel.js'></script>"
    head = '<script async src="/sold.js"></script>'
    shop.site.put("/sold.html", shop.page_html(content, head))
    return "/sold.html"


def updates(page: Page) -> list[dict[str, str]]:
    return page.evaluate(
        "dataLayer.filter(e => e[0] == 'consent' && e[1] == 'update').map(e => e[2])"
    )


def events(page: Page) -> list[dict[str, object]]:
    return page.evaluate("(window.dataLayer || []).filter(e => e.event == 'consent')")


def cookie(page: Page) -> str:
    found = {each["name"]: each["value"] for each in page.context.cookies()}
    return found.get("consent", "")


def answer(page: Page, service: str) -> str:
    """The stored answer of one service, as sign and mark."""
    [part] = [p for p in cookie(page).split("|") if p[1:].startswith(service + ":")]
    return part[0] + part[len(service) + 8 :]


# --- Google Consent Mode -------------------------------------------------------------------------


@pytest.mark.engines("chromium", "firefox")
def test_everything_is_denied_first_and_a_tag_reads_what_was_granted(
    visitor: Page, signals: Signals
) -> None:
    signals.open(visitor)
    gate(visitor).wait_for()
    first = visitor.evaluate("[...dataLayer[0]]")
    assert first[:2] == ["consent", "default"]
    assert {key for key, value in first[2].items() if value == "granted"} == {"security_storage"}
    assert updates(visitor) == []
    gate(visitor).get_by_role("button", name="Accept all").click()
    settle(visitor, signals.shop, 1, addresses(set(SERVICES)))
    assert updates(visitor) == [GRANTED]
    read = visitor.evaluate("read")
    assert {key: read[key] for key in GRANTED} == GRANTED
    assert read["ad_user_data"] == "denied"


@pytest.mark.engines("chromium", "firefox")
def test_a_returning_visitors_answer_reaches_a_tag_that_waits_for_it(
    visitor: Page, signals: Signals
) -> None:
    signals.open(visitor)
    gate(visitor).get_by_role("button", name="Accept all").click()
    settle(visitor, signals.shop, 1)
    content = body(signals.shop.vendors.url) + reading()
    head = (
        signals.stub + '<script src="/google.js"></script><script async src="/signals.js"></script>'
    )
    signals.shop.site.put("/signals.html", signals.shop.page_html(content, head))
    signals.shop.site.delay_s["/signals.js"] = 0.3
    try:
        signals.open(visitor)
        visitor.wait_for_function("held")
    finally:
        signals.shop.site.delay_s.clear()
    assert visitor.evaluate("held") == "told " + json.dumps(GRANTED, separators=(",", ":"))
    visitor.wait_for_function("window.read")
    assert visitor.evaluate("read.analytics_storage") == "granted"
    assert updates(visitor) == [GRANTED]


def test_each_difference_is_told_once(visitor: Page, signals: Signals) -> None:
    signals.open(visitor)
    gate(visitor).get_by_role("button", name="Customise").click()
    choices(visitor).get_by_role("checkbox", name="Analytics").check()
    choices(visitor).get_by_role("button", name="Save choices").click()
    settle(visitor, signals.shop, 1)
    some = DENIED | {"analytics_storage": "granted"}
    assert updates(visitor) == [some]
    visitor.evaluate("consent.open()")
    # Pixel alone is not the whole of Marketing: nothing that Google is told of changes.
    choices(visitor).get_by_role("checkbox", name="Pixel", exact=True).check()
    choices(visitor).get_by_role("button", name="Save choices").click()
    settle(visitor, signals.shop, 2)
    assert updates(visitor) == [some]
    visitor.evaluate("consent.withdraw()")
    settle(visitor, signals.shop, 3)
    assert updates(visitor) == [some, DENIED]


def test_a_first_refusal_is_told_so_that_tags_need_not_wait(
    visitor: Page, signals: Signals
) -> None:
    signals.open(visitor)
    gate(visitor).get_by_role("button", name="Reject all").click()
    settle(visitor, signals.shop, 1)
    assert updates(visitor) == [DENIED]


def test_without_the_stub_the_queue_is_made_as_googles_tag_needs_it(
    visitor: Page, signals: Signals
) -> None:
    head = '<script async src="/signals.js"></script>'
    signals.shop.site.put("/signals.html", signals.shop.page_html("<h1>Shop</h1>", head))
    signals.open(visitor)
    gate(visitor).wait_for()
    assert visitor.evaluate("typeof dataLayer") == "undefined"
    gate(visitor).get_by_role("button", name="Accept all").click()
    settle(visitor, signals.shop, 1)
    kinds = visitor.evaluate("dataLayer.map(entry => Object.prototype.toString.call(entry))")
    assert kinds.count("[object Arguments]") == 1
    assert updates(visitor) == [GRANTED]


def test_a_queue_that_the_page_has_is_kept(visitor: Page, signals: Signals) -> None:
    own = "<script>dataLayer = [{ own: 1 }]; gtag = (...words) => dataLayer.push(words)</script>"
    head = f'{own}{signals.stub}<script async src="/signals.js"></script>'
    signals.shop.site.put("/signals.html", signals.shop.page_html("<h1>Shop</h1>", head))
    signals.open(visitor)
    gate(visitor).wait_for()
    assert visitor.evaluate("[dataLayer[0].own, dataLayer[1][1]]") == [1, "default"]


def test_the_stub_runs_where_a_policy_has_its_hash(visitor: Page, signals: Signals) -> None:
    google = load(signals.toml).signals.google
    assert google is not None
    policy = f"script-src 'self' {source(google)}"
    html = signals.shop.page_html("<h1>Shop</h1>", signals.stub)
    signals.shop.site.put("/signals.html", html, **{"Content-Security-Policy": policy})
    signals.open(visitor)
    assert visitor.evaluate("dataLayer[0][1]") == "default"


# --- the neutral event ---------------------------------------------------------------------------


@pytest.mark.engines("chromium", "firefox")
def test_each_choice_is_an_event_with_every_answer_and_so_is_the_stored_one(
    visitor: Page, signals: Signals
) -> None:
    signals.open(visitor)
    gate(visitor).wait_for()
    assert events(visitor) == []
    gate(visitor).get_by_role("button", name="Accept all").click()
    settle(visitor, signals.shop, 1)
    granted = answers(set(SERVICES))
    assert events(visitor) == [{"event": "consent", "consent": granted, "action": "accept_all"}]
    signals.open(visitor)
    visitor.wait_for_function("window.consent")
    [stored] = events(visitor)
    assert stored["consent"] == granted
    assert not stored.get("action")
    visitor.evaluate("consent.withdraw()")
    settle(visitor, signals.shop, 2)
    assert events(visitor)[1:] == [
        {"event": "consent", "consent": answers(set()), "action": "withdraw"}
    ]


# --- Global Privacy Control ----------------------------------------------------------------------


@pytest.mark.engines("chromium", "firefox")
def test_the_signal_is_shown_at_once_and_alone_it_is_not_recorded(
    opposed: Page, signals: Signals
) -> None:
    signals.open(opposed)
    expect(gate(opposed)).to_contain_text(RESPECTED)
    expect(opposed.locator("footer [data-consent-signal]")).to_have_text(RESPECTED)
    expect(opposed.locator("footer [data-consent-signal]")).to_be_visible()
    gate(opposed).get_by_role("button", name="Customise").click()
    expect(choices(opposed)).to_contain_text(RESPECTED)
    expect(choices(opposed).get_by_role("checkbox", name="Pixel", exact=True)).not_to_be_checked()
    quiet(opposed)
    assert signals.shop.stored() == []
    assert cookie(opposed) == ""
    assert opposed.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


def test_without_the_signal_there_is_no_word_of_it(visitor: Page, signals: Signals) -> None:
    signals.open(visitor)
    expect(gate(visitor)).to_be_visible()
    expect(gate(visitor)).not_to_contain_text("Global Privacy Control")
    expect(visitor.locator("footer [data-consent-signal]")).to_have_text("")


@pytest.mark.engines("chromium", "firefox")
def test_an_earlier_yes_is_undone_before_anything_runs_and_that_is_recorded_once(
    visitor: Page, opposed: Page, signals: Signals
) -> None:
    shop = signals.shop
    signals.open(visitor)
    gate(visitor).get_by_role("button", name="Accept all").click()
    settle(visitor, shop, 1, addresses(set(SERVICES)))
    before = cookie(visitor)
    visitor.close()
    shop.vendors.asked.clear()

    signals.open(opposed)
    settle(opposed, shop, 2, addresses(KEPT))
    assert shop.third_party_requests() == addresses(KEPT)
    record = shop.stored()[1]
    assert (record["action"], record["layer"], record["control"], record["gpc"]) == (
        *("signal", "page", "signal"),
        True,
    )
    assert evidence_of(record) == answers(KEPT)
    expect(opposed.locator("footer [data-consent-signal]")).to_have_text(RESPECTED)
    expect(gate(opposed)).to_have_count(0)
    # Refused in the cookie; what else it says, and since when, is as it was.
    assert {each: answer(opposed, each) for each in SERVICES} == {
        **dict.fromkeys(KEPT, "+"),
        **dict.fromkeys(SOLD, "-!"),
    }
    assert cookie(opposed).split("|")[:3] == before.split("|")[:3]
    assert updates(opposed)[-1] == {"ad_storage": "denied", "analytics_storage": "granted"}
    assert events(opposed)[-1] == {
        "event": "consent",
        "consent": answers(KEPT),
        "action": "signal",
    }

    shop.vendors.asked.clear()
    signals.open(opposed)
    settle(opposed, shop, 2, addresses(KEPT))
    assert len(shop.stored()) == 2
    assert shop.third_party_requests() == addresses(KEPT)


def test_the_signal_leaves_an_open_question_open(
    visitor: Page, opposed: Page, signals: Signals
) -> None:
    signals.open(visitor)
    gate(visitor).get_by_role("button", name="Accept all").click()
    settle(visitor, signals.shop, 1)
    parts = [part for part in cookie(visitor).split("|") if not part[1:].startswith("stats:")]
    visitor.close()
    opposed.context.add_cookies(
        [{"name": "consent", "value": "|".join(parts), "url": signals.shop.site.url}]
    )
    signals.open(opposed)
    expect(gate(opposed)).to_be_visible()
    settle(opposed, signals.shop, 2)
    assert "stats:" not in cookie(opposed)
    assert answer(opposed, "ads") == "-!"
    assert answer(opposed, "prefs") == "+"


@pytest.mark.engines("chromium", "firefox")
def test_an_explicit_later_choice_wins_and_stays(
    visitor: Page, opposed: Page, signals: Signals
) -> None:
    shop = signals.shop
    signals.open(opposed)
    gate(opposed).get_by_role("button", name="Customise").click()
    choices(opposed).get_by_role("checkbox", name="Pixel", exact=True).check()
    choices(opposed).get_by_role("button", name="Save choices").click()
    settle(opposed, shop, 1, addresses({"pixel"}))
    [record] = shop.stored()
    assert (record["action"], record["gpc"]) == ("customise", True)
    assert evidence_of(record) == answers({"pixel"})
    assert answer(opposed, "pixel") == "+!"
    expect(opposed.locator("footer [data-consent-signal]")).to_have_text(EXCEPTION)

    # With the signal on the next page, and without it: neither asked again nor recorded again.
    for page in (opposed, visitor):
        shop.vendors.asked.clear()
        signals.open(page)
        settle(page, shop, 1, addresses({"pixel"}))
        assert shop.third_party_requests() == addresses({"pixel"})
        expect(gate(page)).to_have_count(0)
    assert len(shop.stored()) == 1
    expect(opposed.locator("footer [data-consent-signal]")).to_have_text(EXCEPTION)


def test_accept_all_under_the_signal_is_such_a_choice(opposed: Page, signals: Signals) -> None:
    signals.open(opposed)
    gate(opposed).get_by_role("button", name="Accept all").click()
    settle(opposed, signals.shop, 1, addresses(set(SERVICES)))
    assert [record["action"] for record in signals.shop.stored()] == ["accept_all"]
    assert {each for each in SERVICES if answer(opposed, each) == "+!"} == SOLD


def test_a_yes_without_the_signal_is_none_once_it_is_back(
    visitor: Page, opposed: Page, signals: Signals
) -> None:
    signals.open(opposed)
    gate(opposed).get_by_role("button", name="Accept all").click()
    settle(opposed, signals.shop, 1)
    opposed.goto("about:blank")
    signals.open(visitor)
    visitor.wait_for_function("window.consent")
    for click in ("Reject all", "Accept all"):
        visitor.evaluate("consent.open()")
        choices(visitor).get_by_role("button", name=click).click()
        quiet(visitor)
    settle(visitor, signals.shop, 3)
    visitor.close()
    signals.open(opposed)
    settle(opposed, signals.shop, 4)
    assert [record["action"] for record in signals.shop.stored()] == [
        *("accept_all", "withdraw", "accept_all"),
        "signal",
    ]


def test_what_the_signal_answers_is_not_asked(opposed: Page, shop: Shop, one_pixel: str) -> None:
    opposed.goto(shop.site.url + one_pixel)
    opposed.wait_for_function("window.consent")
    quiet(opposed)
    expect(gate(opposed)).to_have_count(0)
    expect(opposed.locator("footer [data-consent-signal]")).to_have_text(RESPECTED)
    assert opposed.evaluate("consent.choices()") == {
        "marketing": False,
        "ads": False,
        "pixel": False,
    }
    assert shop.third_party_requests() == set()
    # The way to another answer is where it always is.
    opposed.evaluate("consent.open()")
    choices(opposed).get_by_role("button", name="Accept all").click()
    opposed.wait_for_function("window.ran")
    assert shop.third_party_requests() == {"/pixel.js"}


def test_the_same_page_asks_where_no_signal_comes(
    visitor: Page, shop: Shop, one_pixel: str
) -> None:
    visitor.goto(shop.site.url + one_pixel)
    expect(gate(visitor)).to_be_visible()


def test_a_first_visit_is_asked_everything_even_where_changes_are_told(
    opposed: Page, shop: Shop, tmp_path: Path
) -> None:
    change = '[[change]]\ndate = 2026-11-01\ncause = "use"\nsignificant = true\ntext = "We count."'
    toml = with_signals(shop, "").replace("[[category]]", f"{change}\n\n[[category]]", 1)
    put(shop, "told", build_site(toml, tmp_path))
    head = '<script async src="/told.js"></script>'
    shop.site.put("/told.html", shop.page_html("<h1>Shop</h1>", head))
    opposed.goto(shop.site.url + "/told.html")
    expect(gate(opposed)).to_contain_text("Functional: ")
    expect(gate(opposed)).to_contain_text("Marketing: ")
    expect(gate(opposed).get_by_role("button", name="Reject all")).to_be_visible()


def test_what_was_sold_left_behind_is_deleted(opposed: Page, shop: Shop, tmp_path: Path) -> None:
    toml = with_signals(shop, "").replace(
        'name = "Pixel"', 'name = "Pixel"\ncookies = [{ name = "_px*", duration = 30 }]'
    )
    put(shop, "left", build_site(toml, tmp_path))
    head = '<script async src="/left.js"></script>'
    shop.site.put("/left.html", shop.page_html("<h1>Shop</h1>", head))
    for name in ("_px1", "own"):
        opposed.context.add_cookies([{"name": name, "value": "1", "url": shop.site.url}])
    opposed.goto(shop.site.url + "/left.html")
    gate(opposed).wait_for()
    assert opposed.evaluate("document.cookie") == "own=1"


def test_a_place_for_the_status_that_comes_later_is_filled(opposed: Page, signals: Signals) -> None:
    signals.open(opposed)
    gate(opposed).wait_for()
    opposed.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p id=later data-consent-signal></p>')"
    )
    expect(opposed.locator("#later")).to_have_text(RESPECTED)


def test_the_tag_twice_tells_and_records_once(
    visitor: Page, opposed: Page, signals: Signals
) -> None:
    signals.open(visitor)
    gate(visitor).get_by_role("button", name="Accept all").click()
    settle(visitor, signals.shop, 1)
    visitor.close()
    head = signals.stub + '<script src="/signals.js"></script>' * 2
    content = PLACE + body(signals.shop.vendors.url)
    signals.shop.site.put("/signals.html", signals.shop.page_html(content, head))
    signals.open(opposed)
    settle(opposed, signals.shop, 2)
    opposed.evaluate("consent.withdraw()")
    settle(opposed, signals.shop, 3)
    actions = [record["action"] for record in signals.shop.stored()]
    assert actions == ["accept_all", "signal", "withdraw"]
    assert updates(opposed) == [DENIED | {"analytics_storage": "granted"}, DENIED]


def test_a_page_that_throws_at_our_events_stops_nothing(browser: Browser, signals: Signals) -> None:
    thrower = "<script>for (const e of ['ready', 'change', 'show']) document.addEventListener('consent:' + e, () => { throw Error('page') })</script>"
    head = signals.stub + thrower + '<script async src="/signals.js"></script>'
    signals.shop.site.put("/signals.html", signals.shop.page_html(PLACE, head))
    with browser.new_context() as context:
        page = context.new_page()
        signals.open(page)
        gate(page).get_by_role("button", name="Accept all").click()
        settle(page, signals.shop, 1)
        assert updates(page) == [GRANTED]


# --- what is not switched on ---------------------------------------------------------------------


def test_nothing_of_the_signals_is_in_a_script_without_them(shop: Shop) -> None:
    script = (shop.dist / "consent.js").read_text(encoding="utf-8")
    for word in ("dataLayer", "_storage", "data-consent-signal", "opt-out"):
        assert word not in script
    # The record says whether the signal was there, and nothing else looks at it.
    assert script.count("globalPrivacyControl") == 1
    assert not (shop.dist / "consent-mode.html").exists()
