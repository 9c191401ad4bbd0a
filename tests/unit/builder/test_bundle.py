# SPDX-License-Identifier: MIT
"""Bundles of small modules, joined as a site owner's build joins the real ones."""

import importlib.util
import json
import re
import sys
from dataclasses import replace

import pytest
from consent_banner import build, bundle, minify
from consent_banner.config import Change, Google, Signals
from unit.builder.banner_document import banner_config
from unit.builder.tiny_package import CONFIG, TEXTS, tiny_package

PATTERNS = [re.compile(pattern) for pattern in (r"^mon_", r"^seen\.", r"^tab$")]
SOURCES = {
    "config.js": CONFIG,
    "language.js": TEXTS,
    "ledger.js": (
        'import { _ledgerUrl } from "./config.js";\nexport const _where = () => _ledgerUrl;\n'
    ),
    "ledger-off.js": "export const _where = () => null;\n",
    "choices.js": (
        'import { _text } from "./language.js";\n'
        'import { _where } from "./ledger.js";\n'
        "window.result = [_where(), _text._choicesNow, _text._accept];\n"
        "window.order = [];\n"
    ),
    "main.js": (
        'import { _asked, _build, _lifetimeH, _notice } from "./config.js";\n'
        'import { _language, _text } from "./language.js";\n'
        'import { _where } from "./ledger.js";\n'
        'import { _hook, _set } from "./order.js";\n'
        "_set(_text._accept);\n"
        "window.result = {\n"
        "  accept: _hook(), language: _language, where: _where(), asked: _asked,\n"
        "  notice: _notice, build: _build, hours: _lifetimeH,\n"
        "  title: _text._title, url: _text._contactUrl,\n"
        '  categories: _text._categories, necessary: _text._necessary, text: "_text",\n'
        "};\n"
    ),
    # Ends without a semicolon and begins with a parenthesis: joined carelessly it would be a call.
    "order.js": (
        'import { _twice } from "./twice.js";\n'
        "let _value = 0;\n"
        "export const _set = (value) => { _value = _twice(value); };\n"
        "export const _hook = function () { const e = 1, t = 2; return _value + (e + t); };\n"
        "(() => { window.order = (window.order || []).concat('order'); })()\n"
    ),
    "twice.js": (
        "(() => { window.order = ['twice']; })();\n"
        "export const _twice = (text) => `${text}, ${text}`\n;\n"
    ),
}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    if importlib.util.find_spec("minify") is None:
        assert sys.platform != "linux", "tdewolff-minify is missing: pip install -e '.[test]'"
        pytest.skip("tdewolff-minify has no wheel for this system; the committed modules are used")
    made = tiny_package(tmp_path_factory.mktemp("tiny") / "package", SOURCES)
    minify.write(made)
    return made


@pytest.fixture
def run(browser):
    """Runs a script in an empty page and gives `window.result` and `window.order`."""

    def in_page(script: bytes):
        with browser.new_context() as context:
            page = context.new_page()
            errors: list[object] = []
            page.on("pageerror", lambda error: errors.append(error))
            page.add_script_tag(content=script.decode())
            assert errors == []
            return page.evaluate("[window.result, window.order]")

    return in_page


def test_the_bundle_runs_with_every_variant(package, run):
    made = build.make(banner_config(), package)
    result, order = run(made.consent.content)
    service = made.notice.document["categories"][1]["services"][0]
    assert result == {
        "accept": "Accept all, Accept all3",
        "language": "en",
        "where": "http://ledger.localhost:8470/v1/sites/meridian/",
        "asked": [["analytics", "page-counter", ":" + service["asks"], *PATTERNS]],
        "notice": made.notice.sha256[:8],
        "build": made.build_hash[:16],
        "hours": 4320,
        "title": made.notice.document["texts"]["en"]["title"],
        "url": "mailto:privacy@meridian.example",
        "categories": [
            [
                "Analytics",
                "Counts.",
                [
                    "Page counter",
                    "Counts pages.",
                    "Counter Ltd",
                    "https://counter.example/privacy",
                ],
            ]
        ],
        "necessary": ["Basics (always on): Sign-in session, Your choices", "What the site needs."],
        "text": "_text",
    }
    assert order == ["twice", "order"]

    result, _ = run(build.make(without_ledger(), package).consent.content)
    assert result["where"] is None


def without_ledger():
    return replace(banner_config(), ledger_url=None)


def test_a_script_without_a_ledger_does_not_contain_its_address_or_client(package):
    made = build.make(without_ledger(), package)
    files = [name for name, _ in made.consent.pieces]
    assert "ledger-off.js" in files
    assert "ledger.js" not in files
    assert b"/v1/sites/" not in made.consent.content


def test_only_texts_that_the_script_uses_are_in_it(package):
    made = build.make(banner_config(), package)
    texts = made.notice.document["texts"]["en"]
    assert texts["accept"].encode() in made.consent.content
    assert texts["reject"].encode() not in made.consent.content


def test_files_come_after_what_they_import(package):
    made = bundle.parts(package)
    assert bundle.order(made, {"ledger.js": "ledger-off.js"}) == [
        *("config.js", "language.js", "ledger-off.js", "twice.js", "order.js", "main.js")
    ]


def test_variants_follow_the_features(package):
    # It has a necessary category, so its rows are the longer ones.
    signals = ("consent-mode.js", "data-layer.js", "signal.js")
    off = dict.fromkeys((*signals, "placeholder.js"), "")
    rows = {"rows.js": "rows-services.js"}
    plain = bundle.variants(build._other_forms(banner_config()))
    assert plain == {"language.js": "", **rows, **off}
    without = replace(banner_config(), ledger_url=None, languages=("en", "fr"))
    other = bundle.variants(build._other_forms(without))
    assert other == {"ledger.js": "ledger-off.js", **rows, **off}
    every = replace(
        banner_config(),
        changes=(Change("2026-11-21", "use", True, {"en": "We count."}),),
        placeholders=True,
        signals=Signals(gpc=True, data_layer=True, google=Google({}, 500, ())),
    )
    most = bundle.variants(build._other_forms(every))
    assert most == {"ask.js": "ask-changes.js", "language.js": "", **rows}


def test_a_module_that_is_left_out_is_not_in_the_order(package):
    made = bundle.parts(package)
    assert "order.js" not in bundle.order(made, {"order.js": ""})


def test_the_pieces_are_the_script_and_the_build_hash_names_their_modules(package):
    made = build.make(banner_config(), package)
    assert "".join(code for _, code in made.consent.pieces).encode() == made.consent.content
    assert made.consent.content.startswith(b"(()=>{")
    assert made.consent.content.endswith(b"})();\n")
    minified = package / "js" / "min" / "twice.js"
    before = minified.read_bytes()
    minified.write_bytes(before + b" ")
    try:
        assert build.make(banner_config(), package).build_hash != made.build_hash
    finally:
        minified.write_bytes(before)


def test_the_second_script_is_joined_like_the_first(package, run):
    made = build.make(banner_config(), package)
    result, _ = run(made.choices.content)
    texts = made.notice.document["texts"]["en"]
    address = "http://ledger.localhost:8470/v1/sites/meridian/"
    assert result == [address, texts["choicesNow"], texts["accept"]]
    assert texts["title"].encode() not in made.choices.content
    assert build.make(without_ledger(), package).choices is None


def test_the_second_script_does_not_count_into_the_build_hash(package):
    made = build.make(banner_config(), package)
    minified = package / "js" / "min" / "choices.js"
    before = minified.read_bytes()
    minified.write_bytes(b"window.result=[];" + before)
    try:
        again = build.make(banner_config(), package)
    finally:
        minified.write_bytes(before)
    assert again.choices != made.choices
    assert again.consent == made.consent
    assert again.facts == made.facts


def test_build_json_is_what_the_ledger_publishes(package):
    made = build.make(banner_config(), package)
    facts = made.facts
    assert json.loads(json.dumps(facts)) == facts
    assert facts["schema"] == "consent-ledger/build/v1"
    assert facts["notice"] == made.notice.sha256
    assert facts["config"] == made.config.sha256
    assert facts["script"]["bytes"] == len(made.consent.content)
    assert made.build_hash[:16].encode() in made.consent.content
