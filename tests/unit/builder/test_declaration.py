# SPDX-License-Identifier: MIT
from datetime import date
from html.parser import HTMLParser

from consent_banner import declaration, document
from consent_banner.config import from_document
from consent_banner.locales import builtin
from unit.builder.banner_document import banner_config, banner_document, in_languages

POLICY = builtin("en")["declarationPolicy"]
VOID = {"br", "hr", "img", "input", "link", "meta"}


class Tree(HTMLParser):
    """Rows of cell texts, links, and whether every element is closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.links, self.ids, self.labels = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "a":
            self.links.append(found["href"])
        if "id" in found:
            self.ids.append(found["id"])
        if "aria-labelledby" in found:
            self.labels.append(found["aria-labelledby"])
        for name in (found.get("class") or "").split():
            assert name.startswith("consent-")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "tr" in self.open and self.rows[-1]:
            self.rows[-1][-1] += data


def tree(raw=None):
    notice = document.notice(from_document(raw or banner_document()))
    return Tree(declaration.html(notice, "en"))


def test_each_row_tells_name_provider_purpose_duration_category_and_policy():
    rows = tree().rows
    assert rows[0] == ["Name", "Provider", "Purpose", "Duration", "Category", POLICY]
    assert [
        "mon_* cookie",
        "Counter Ltd",
        "Page counter: Counts pages.",
        "30 days",
        "Analytics",
        f"{POLICY} (Counter Ltd)",
    ] in rows
    assert "https://counter.example/privacy" in tree().links
    # Our own services are covered by our own policy.
    assert "/privacy.html" in tree().links


def test_every_kind_and_duration_is_in_words():
    told = {row[0]: row[3] for row in tree().rows}
    assert told["session cookie"] == "Session"
    assert told["seen.* local storage"] == "Until deleted"
    assert told["tab session storage"] == "Session"
    assert told["pv third-party cookie (counter.example)"] == "1 day"
    assert told["consent cookie"] == "180 days"


def test_a_service_that_keeps_nothing_is_told_and_a_planned_one_is_marked():
    row = next(row for row in tree().rows if "Heat map" in row[2])
    assert row[0] == row[3] == "nothing kept here"
    assert row[2] == "Heat map: Shows where people click. Planned, not in use yet"


def test_a_necessary_service_says_why():
    row = next(row for row in tree().rows if row[0] == "session cookie")
    assert row[2].endswith("Why it is necessary: Nobody could sign in without it.")


def test_everything_is_escaped():
    evil = "<img src=x onerror=alert(1)>\"'&"
    raw = banner_document(controller={"name": evil, "address": evil})
    raw["site"]["name"] = evil
    for category in raw["category"]:
        category["title"] = category["purpose"] = evil
        for service in category["service"]:
            service["name"] = service["purpose"] = service["provider"] = evil
            if category.get("necessary"):
                service["reason"] = evil
    raw["site"]["privacy_policy"] = "/a?b=1&c='d'"
    raw["category"][1]["service"][0]["policy"] = "https://x.example/?a=1&b='2'"
    text = declaration.html(document.notice(from_document(raw)), "en")
    assert "<img" not in text
    parsed = Tree(text)
    assert any(evil in row[2] for row in parsed.rows)
    assert "https://x.example/?a=1&b='2'" in parsed.links


def test_ids_are_unique_and_labels_lead_to_them():
    parsed = tree()
    assert len(set(parsed.ids)) == len(parsed.ids)
    assert set(parsed.labels) <= set(parsed.ids)


def test_the_last_update_and_the_notice_are_named():
    config = banner_config()
    notice = document.notice(config)
    text = declaration.html(notice, "en")
    assert '<time datetime="2026-11-21" dir="ltr">2026-11-21</time>' in text
    assert notice.sha256 in text


def test_what_changed_is_a_list_with_the_newest_first_and_its_cause_in_words():
    def change(day, cause, text):
        return {"date": date(2026, 11, day), "cause": cause, "significant": False, "text": text}

    raw = banner_document(
        change=[
            change(1, "third_party", "Counter <Ltd>"),
            change(2, "use", "Counts errors too."),
            change(2, "regulatory", "A new law."),
            change(3, "technical", "A shorter cookie."),
        ]
    )
    text = declaration.html(document.notice(from_document(raw)), "en")
    Tree(text)
    told = text.split('<ul class="consent-changes">\n')[1].split("\n</ul>")[0]
    assert told.splitlines() == [
        f'<li><time datetime="2026-11-0{day}" dir="ltr">2026-11-0{day}</time> '
        f"<b>{cause}</b>: {words}</li>"
        for day, cause, words in (
            (3, "Technical change", "A shorter cookie."),
            (2, "Change of law", "A new law."),
            (2, "Change in use", "Counts errors too."),
            (1, "New or changed third party", "Counter &lt;Ltd&gt;"),
        )
    ]


def test_a_site_that_changed_nothing_has_no_such_list():
    assert "consent-changes" not in declaration.html(document.notice(banner_config()), "en")


def test_from_right_to_left_names_keep_their_own_direction():
    text = declaration.html(document.notice(from_document(in_languages("ar"))), "ar")
    assert text.startswith('<div class="consent-declaration" lang="ar" dir="rtl">')
    assert '<code dir="ltr">mon_*</code> ملف ارتباط' in text
    assert "<bdi>Counter Ltd</bdi>" in text
    assert "(<bdi>counter.example</bdi>)" in text
    assert '<time datetime="2026-11-21" dir="ltr">2026-11-21</time>' in text
