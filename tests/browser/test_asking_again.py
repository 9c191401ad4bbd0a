# SPDX-License-Identifier: MIT
"""Who has answered is asked only for what is new, sees what changed, and hears of it once.

One shop in several versions, as its owner publishes them one after the other.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.shop import (
    CATEGORIES,
    SERVICES,
    Shop,
    addresses,
    answers,
    body,
    build_site,
    quiet,
    settle,
    until,
)
from browser.spoken import TOML as SPOKEN
from browser.test_choice import choices, choose, evidence_of, gate
from browser.test_signals import cookie
from consent_banner import build
from consent_banner.config import from_document
from playwright.sync_api import BrowserContext, Locator, Page, expect

pytestmark = pytest.mark.engines("chromium", "firefox", sample=3)

HERE = Path(__file__).parent
CHAT = """
[[category.service]]
id = "chat"
name = "Chat"
provider = "Chat Inc"
purpose = "Lets you ask us anything."
policy = "https://chat.example/privacy"
"""
NEW_SERVICE = ("2026-10-10", "third_party", True, "You can chat with us now.")
NEW_PURPOSE = ("2026-10-11", "use", True, "We also measure which pages are slow.")
SMALL = ("2026-10-12", "technical", False, "Our cookie lives for shorter.")
LAW = ("2026-10-12", "regulatory", True, "A new law names the authority you can turn to.")
ANSWERS = {"all": set(SERVICES), "none": set(), "some": {"stats", "video"}}
TITLE = {"new": "New on Test Shop", "news": "What has changed"}


def site(shop: Shop, *changes: tuple[str, str, bool, str], **edits: str) -> str:
    """The shop's banner.toml with these changes told; *edits*: a `chat`, another `purpose` of the
    statistics, another `address` of the controller."""
    toml = (HERE / "site.toml").read_text(encoding="utf-8")
    toml = toml.replace("@SITE@", shop.site.url).replace("@LEDGER@", shop.ledger.url)
    if "chat" in edits:
        toml = toml.replace(
            '\n[[category]]\nid = "analytics"', f'{CHAT}\n[[category]]\nid = "analytics"'
        )
    if "purpose" in edits:
        toml = toml.replace('"Counts visits."', f'"{edits["purpose"]}"')
    if "address" in edits:
        toml = toml.replace("1 Test Street", edits["address"])
    told = [
        f'[[change]]\ndate = {day}\ncause = "{cause}"\nsignificant = {str(matters).lower()}\ntext = "{text}"\n'
        for day, cause, matters, text in changes
    ]
    return "\n".join([toml, *told])


@dataclass
class Versions:
    """The shop, whose page `/again.html` has the script of one version at a time."""

    shop: Shop
    built: Callable[[str], Path]

    def publish(self, *changes: tuple[str, str, bool, str], **edits: str) -> None:
        """From now on the page has this version."""
        dist = self.built(site(self.shop, *changes, **edits))
        script = (dist / "consent.js").read_text(encoding="utf-8")
        self.shop.site.put("/again.js", script, "text/javascript")

    def open(self, page: Page) -> None:
        vendors = self.shop.vendors.url
        content = body(vendors) + (
            f'<script type="text/plain" data-consent="chat" src="{vendors}/chat.js"></script>'
        )
        head = '<script async src="/again.js"></script>'
        self.shop.site.put("/again.html", self.shop.page_html(content, head))
        self.shop.vendors.asked.clear()
        page.goto(self.shop.site.url + "/again.html")
        until(page, "!!window.consent")
        quiet(page)

    def answer(self, page: Page, granted: set[str]) -> None:
        """The visitor's answer to the version in force, by the shortest way."""
        self.open(page)
        if granted == set(SERVICES):
            gate(page).get_by_role("button", name="Accept all").click()
        elif not granted:
            gate(page).get_by_role("button", name="Reject all").click()
        else:
            gate(page).get_by_role("button", name="Customise").click()
            choose(page, granted)
        settle(page, self.shop, 1)


@pytest.fixture(scope="session")
def _built(_shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Builds and publishes each version once."""
    done: dict[str, Path] = {}

    def built(toml: str) -> Path:
        if toml not in done:
            done[toml] = build_site(toml, tmp_path_factory.mktemp("version"))
            _shop.ledger.publish(done[toml])
        return done[toml]

    return built


@pytest.fixture
def versions(shop: Shop, _built: Callable[[str], Path]) -> Versions:
    made = Versions(shop, _built)
    made.publish()
    return made


@pytest.fixture
def visitor(context: BrowserContext) -> Page:
    return context.new_page()


def heading(page: Page) -> Locator:
    return gate(page).get_by_role("heading")


def buttons(page: Page) -> list[str | None]:
    return [button.text_content() for button in gate(page).get_by_role("button").all()]


def without(category: str, granted: set[str]) -> set[str]:
    """What third parties are asked for when *category* is no longer granted as a whole."""
    whole = f"/{category}.js"
    return addresses(granted) - ({whole} if set(CATEGORIES[category]) <= granted else set())


# --- a new service -------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ANSWERS)
def test_only_the_new_service_is_asked_for_and_the_old_answers_stand(
    visitor: Page, versions: Versions, answer: str
) -> None:
    granted = ANSWERS[answer]
    versions.answer(visitor, granted)
    before = cookie(visitor)
    versions.publish(NEW_SERVICE, chat="yes")
    versions.open(visitor)
    expect(heading(visitor)).to_have_text(TITLE["new"])
    for words in (
        "Test Shop Ltd asks for your consent to something new. Your other choices stay as they are",
        "You can chat with us now.",
        "Chat: Lets you ask us anything. Chat Inc",
    ):
        expect(gate(visitor)).to_contain_text(words)
    for words in ("Preferences", "Films", "Statistics", "Adverts", "Pixel"):
        expect(gate(visitor)).not_to_contain_text(words)
    expect(gate(visitor).get_by_role("link", name="Chat Inc")).to_be_visible()
    assert buttons(visitor) == ["Accept what is new", "Reject what is new", "Customise"]
    assert versions.shop.third_party_requests() == without("functional", granted)
    assert visitor.evaluate("consent.choices()") is None
    assert cookie(visitor) == before
    assert len(versions.shop.stored()) == 1


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("control", ["accept_new", "reject_new"])
def test_the_answer_is_about_what_is_new_alone(
    visitor: Page, versions: Versions, answer: str, control: str
) -> None:
    granted = ANSWERS[answer]
    versions.answer(visitor, granted)
    versions.publish(NEW_SERVICE, chat="yes")
    versions.open(visitor)
    is_yes = control == "accept_new"
    name = "Accept what is new" if is_yes else "Reject what is new"
    gate(visitor).get_by_role("button", name=name).click()
    settle(visitor, versions.shop, 2, {"/chat.js"} if is_yes else None)
    first, second = versions.shop.stored()
    assert (second["control"], second["layer"], second["seq"]) == (control, "first", 2)
    assert second["previous"] == first["id"]
    flat = evidence_of(second)
    assert {name: flat[name] for name in (*SERVICES, "chat")} == {
        **{name: name in granted for name in SERVICES},
        "chat": is_yes,
    }
    whole = {("all", True): "accept_all", ("none", False): "reject_all"}
    assert second["action"] == whole.get((answer, is_yes), "customise")

    expect(gate(visitor)).to_have_count(0)
    versions.open(visitor)
    expect(gate(visitor)).to_have_count(0)
    assert ("/chat.js" in versions.shop.third_party_requests()) == is_yes
    assert len(versions.shop.stored()) == 2


def test_the_second_layer_has_the_old_answers_on_and_what_is_new_off(
    visitor: Page, versions: Versions
) -> None:
    versions.answer(visitor, ANSWERS["all"])
    versions.publish(NEW_SERVICE, chat="yes")
    versions.open(visitor)
    gate(visitor).get_by_role("button", name="Customise").click()
    boxes = choices(visitor).get_by_role("checkbox")
    for name in ("Preferences", "Films", "Analytics", "Adverts", "Pixel", "Marketing"):
        expect(boxes.and_(visitor.get_by_label(name, exact=True))).to_be_checked()
    for name in ("Chat", "Functional"):
        expect(boxes.and_(visitor.get_by_label(name, exact=True))).not_to_be_checked()
    choices(visitor).get_by_role("button", name="Save choices").click()
    settle(visitor, versions.shop, 2)
    flat = evidence_of(versions.shop.stored()[1])
    assert {name for name, is_on in flat.items() if not is_on} == {"chat", "functional"}


def test_nothing_but_an_answer_decides(visitor: Page, versions: Versions) -> None:
    versions.answer(visitor, ANSWERS["some"])
    versions.publish(NEW_SERVICE, chat="yes")
    versions.open(visitor)
    before = cookie(visitor)
    visitor.keyboard.press("Escape")
    visitor.mouse.wheel(0, 2000)
    visitor.get_by_role("heading", name="Test Shop", exact=True).click()
    expect(heading(visitor)).to_have_text(TITLE["new"])
    gate(visitor).get_by_role("button", name="Customise").click()
    visitor.keyboard.press("Escape")
    for _ in range(2):
        versions.open(visitor)
        expect(heading(visitor)).to_have_text(TITLE["new"])
        expect(gate(visitor)).to_contain_text("You can chat with us now.")
        assert "/chat.js" not in versions.shop.third_party_requests()
    assert cookie(visitor) == before
    assert len(versions.shop.stored()) == 1


def test_to_accept_and_to_reject_what_is_new_are_equal(visitor: Page, versions: Versions) -> None:
    versions.answer(visitor, ANSWERS["some"])
    versions.publish(NEW_SERVICE, chat="yes")
    look = "b => { const s = getComputedStyle(b); return [s.color, s.backgroundColor, s.font, s.border, s.padding, b.offsetHeight, b.offsetWidth] }"
    for width, height in ((320, 568), (1280, 800)):
        visitor.set_viewport_size({"width": width, "height": height})
        versions.open(visitor)
        accept, reject, _ = gate(visitor).get_by_role("button").all()
        expect(accept).to_be_in_viewport(ratio=1)
        expect(reject).to_be_in_viewport(ratio=1)
        assert accept.evaluate(look) == reject.evaluate(look)


def test_a_new_service_that_no_change_tells_is_asked_with_the_ordinary_question(
    visitor: Page, versions: Versions
) -> None:
    versions.answer(visitor, ANSWERS["some"])
    versions.publish(chat="yes")
    versions.open(visitor)
    assert buttons(visitor) == ["Accept all", "Reject all", "Customise"]
    assert versions.shop.third_party_requests() == addresses(ANSWERS["some"])
    gate(visitor).get_by_role("button", name="Customise").click()
    on = choices(visitor).get_by_role("checkbox", checked=True)
    assert [each.evaluate("box => box.labels[0].textContent") for each in on.all()] == [
        "Films",
        "Analytics",
    ]


# --- another purpose -----------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_has_another_purpose_is_off_until_it_is_answered(
    visitor: Page, versions: Versions, answer: str
) -> None:
    granted = ANSWERS[answer]
    versions.answer(visitor, granted)
    versions.publish(NEW_PURPOSE, purpose="Counts visits and measures pages.")
    versions.open(visitor)
    expect(heading(visitor)).to_have_text(TITLE["new"])
    expect(gate(visitor)).to_contain_text("We also measure which pages are slow.")
    expect(gate(visitor)).to_contain_text("Statistics: Counts visits and measures pages. Stats Ltd")
    expect(gate(visitor)).not_to_contain_text("Films")
    assert versions.shop.third_party_requests() == addresses(granted - {"stats"})
    gate(visitor).get_by_role("button", name="Accept what is new").click()
    settle(visitor, versions.shop, 2, {"/stats.js"})
    assert evidence_of(versions.shop.stored()[1]) == answers(granted | {"stats"})
    assert versions.shop.third_party_requests() == addresses(granted | {"stats"})


def test_two_versions_later_both_changes_are_seen_and_both_questions_asked(
    visitor: Page, versions: Versions
) -> None:
    versions.answer(visitor, ANSWERS["all"])
    versions.publish(NEW_SERVICE, NEW_PURPOSE, chat="yes", purpose="Counts and measures.")
    versions.open(visitor)
    words = gate(visitor).inner_text()
    newer, older = words.index("We also measure"), words.index("You can chat")
    assert newer < older
    for each in ("Chat: Lets you ask", "Statistics: Counts and measures."):
        assert each in words
    gate(visitor).get_by_role("button", name="Reject what is new").click()
    settle(visitor, versions.shop, 2)
    flat = evidence_of(versions.shop.stored()[1])
    assert {name for name in (*SERVICES, "chat") if not flat[name]} == {"chat", "stats"}


# --- news ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [SMALL, LAW], ids=["small", "significant"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_change_that_asks_nothing_new_is_told_once_and_never_recorded(
    visitor: Page, versions: Versions, answer: str, change: tuple[str, str, bool, str]
) -> None:
    granted = ANSWERS[answer]
    versions.answer(visitor, granted)
    before = cookie(visitor).split("|")
    versions.publish(change)
    versions.open(visitor)
    expect(heading(visitor)).to_have_text(TITLE["news"])
    expect(gate(visitor)).to_contain_text(change[3])
    assert buttons(visitor) == ["Close", "Customise"]
    assert versions.shop.third_party_requests() == addresses(granted)
    assert visitor.evaluate("consent.choices()") == answers(granted)
    gate(visitor).get_by_role("button", name="Close").click()
    expect(gate(visitor)).to_have_count(0)
    assert cookie(visitor).split("|")[2:] == before[2:]

    versions.open(visitor)
    expect(gate(visitor)).to_have_count(0)
    versions.publish(change, address="2 Test Street")
    versions.open(visitor)
    expect(gate(visitor)).to_have_count(0)
    assert versions.shop.third_party_requests() == addresses(granted)
    assert len(versions.shop.stored()) == 1
    assert cookie(visitor).split("|")[2:] == before[2:]


def test_of_two_changes_of_one_day_each_is_told_once(visitor: Page, versions: Versions) -> None:
    versions.answer(visitor, ANSWERS["some"])
    versions.publish(SMALL)
    versions.open(visitor)
    expect(gate(visitor)).to_contain_text(SMALL[3])
    versions.publish(SMALL, LAW)
    versions.open(visitor)
    expect(gate(visitor)).to_contain_text(LAW[3])
    expect(gate(visitor)).not_to_contain_text(SMALL[3])
    versions.open(visitor)
    expect(gate(visitor)).to_have_count(0)


def test_who_answers_a_version_knows_its_changes(visitor: Page, versions: Versions) -> None:
    versions.publish(SMALL)
    versions.open(visitor)
    expect(heading(visitor)).to_have_text("Your choices on Test Shop")
    expect(gate(visitor)).not_to_contain_text(SMALL[3])
    gate(visitor).get_by_role("button", name="Reject all").click()
    settle(visitor, versions.shop, 1)
    versions.publish(SMALL, address="2 Test Street")
    versions.open(visitor)
    expect(gate(visitor)).to_have_count(0)
    # A decision between two versions does not make old news new.
    visitor.evaluate("consent.open()")
    choices(visitor).get_by_role("button", name="Accept all").click()
    settle(visitor, versions.shop, 2)
    versions.publish(SMALL, address="3 Test Street")
    versions.open(visitor)
    expect(gate(visitor)).to_have_count(0)


def test_news_lead_to_the_choices(visitor: Page, versions: Versions) -> None:
    versions.answer(visitor, ANSWERS["some"])
    versions.publish(LAW)
    versions.open(visitor)
    gate(visitor).get_by_role("button", name="Customise").click()
    expect(choices(visitor).get_by_role("checkbox", name="Films")).to_be_checked()
    choices(visitor).get_by_role("button", name="Reject all").click()
    settle(visitor, versions.shop, 2)
    assert versions.shop.stored()[1]["action"] == "withdraw"
    expect(gate(visitor)).not_to_contain_text(LAW[3])


def test_news_wait_until_somebody_can_see_them(visitor: Page, versions: Versions) -> None:
    versions.answer(visitor, ANSWERS["some"])
    versions.publish(SMALL)
    unseen = visitor.context.new_page()
    unseen.add_init_script("Object.defineProperty(document, 'hidden', { value: true })")
    versions.open(unseen)
    expect(gate(unseen)).to_have_count(0)
    versions.open(visitor)
    expect(heading(visitor)).to_have_text(TITLE["news"])


# --- who has no answer ---------------------------------------------------------------------------


def test_a_first_visitor_sees_the_ordinary_question(visitor: Page, versions: Versions) -> None:
    versions.publish(NEW_SERVICE, SMALL, chat="yes")
    versions.open(visitor)
    expect(heading(visitor)).to_have_text("Your choices on Test Shop")
    assert buttons(visitor) == ["Accept all", "Reject all", "Customise"]
    for change in (NEW_SERVICE, SMALL):
        expect(gate(visitor)).not_to_contain_text(change[3])
    assert versions.shop.third_party_requests() == set()


def test_an_expired_choice_is_asked_as_a_whole(visitor: Page, versions: Versions) -> None:
    versions.answer(visitor, ANSWERS["all"])
    parts = cookie(visitor).split("|")
    expired = "|".join([*parts[:2], "400000", *parts[3:]])
    visitor.context.add_cookies(
        [{"name": "consent", "value": expired, "url": versions.shop.site.url}]
    )
    versions.publish(NEW_SERVICE, chat="yes")
    versions.open(visitor)
    expect(heading(visitor)).to_have_text("Your choices on Test Shop")
    assert buttons(visitor) == ["Accept all", "Reject all", "Customise"]
    assert versions.shop.third_party_requests() == set()
    gate(visitor).get_by_role("button", name="Customise").click()
    assert choices(visitor).get_by_role("checkbox", checked=True).count() == 0


# --- how it looks and speaks ---------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ar"])
def test_both_speak_the_language_of_the_page_and_axe_finds_nothing(
    visitor: Page, shop: Shop, language: str
) -> None:
    changed = dict.fromkeys(("en", "ar", "de", "es", "fr", "it"), "We changed our partner.")
    changed["ar"] = "غيّرنا شريكنا."
    change = {
        "date": date(2026, 10, 12),
        "cause": "third_party",
        "significant": True,
        "text": changed,
    }
    for provider, changes, state in (
        ("Stats Ltd.", [], None),
        ("Anders Inc.", [change], "newTitle"),
        ("Anders Inc.", [change, change | {"cause": "technical"}], "news"),
    ):
        raw: dict[str, Any] = tomllib.loads(
            SPOKEN.replace("@SITE@", shop.site.url).replace("Stats Ltd.", provider)
        )
        del raw["ledger"]
        raw |= {
            "languages": {"available": list(changed)},
            "change": changes,
        }
        made = build.make(from_document(raw))
        shop.site.put("/tongue.js", made.consent.content.decode(), "text/javascript")
        html = shop.page_html(
            "<main><h1>Shop</h1></main>", '<script async src="/tongue.js"></script>', language
        )
        shop.site.put("/tongue.html", html)
        visitor.goto(shop.site.url + "/tongue.html")
        region = visitor.locator("section.consent-gate")
        region.wait_for()
        texts = made.notice.document["texts"][language]
        if state:
            expect(region.get_by_role("heading")).to_have_text(texts[state])
            expect(region).to_contain_text(changed[language])
            expect(region).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
            for scheme in ("light", "dark"):
                visitor.emulate_media(color_scheme=scheme)
                found = Axe().run(visitor).response["violations"]
                assert [f"{rule['id']}: {rule['nodes'][0]['html'][:99]}" for rule in found] == []
        accept = texts["acceptNew"] if state == "newTitle" else texts["accept"]
        if state != "news":
            region.get_by_role("button", name=accept, exact=True).click()
            expect(region).to_have_count(0)


def test_a_box_answers_the_new_question_too(visitor: Page, versions: Versions) -> None:
    shop = versions.shop
    versions.answer(visitor, ANSWERS["some"])
    dist = versions.built(
        site(shop, NEW_SERVICE, chat="yes") + "\n[content]\nplaceholders = true\n"
    )
    shop.site.put("/again.js", (dist / "consent.js").read_text(encoding="utf-8"), "text/javascript")
    content = f'<iframe title="Chat" width="560" height="315" data-consent="chat" data-src="{shop.vendors.url}/chat.html"></iframe>'
    shop.site.put("/again.html", shop.page_html(content, '<script async src="/again.js"></script>'))
    visitor.set_viewport_size({"width": 1280, "height": 1200})
    visitor.goto(shop.site.url + "/again.html")
    expect(heading(visitor)).to_have_text(TITLE["new"])
    visitor.get_by_role("button", name="Always load Chat").click()
    settle(visitor, shop, 2, {"/chat.html"})
    expect(gate(visitor)).to_have_count(0)
    record = shop.stored()[1]
    assert (record["control"], record["seq"]) == ("embed", 2)
    flat = evidence_of(record)
    assert {name for name in (*SERVICES, "chat") if flat[name]} == {"stats", "video", "chat"}
