# SPDX-License-Identifier: MIT
import json
import re
import threading
from http.client import HTTPConnection

import pytest
from consent_banner import locales, preview
from consent_banner.cli import starter
from consent_banner.config import BuilderError
from playwright.sync_api import expect


class Visit:
    """A preview of the starter that serves on a free port, and a client for it."""

    def __init__(self, file):
        self.said: list[str] = []
        self.server = preview.start(file, 0, self.said.append)
        self.preview = self.server.RequestHandlerClass.preview
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def ask(self, method, path, body=None, headers=None):
        connection = HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        content = answer.read().decode()
        connection.close()
        return answer.status, content, answer.headers

    def get(self, path):
        return self.ask("GET", path)[:2]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "banner.toml"
    ledger = b'[ledger]\nurl = "https://ledger.example"\n\n[controller]'
    path.write_bytes(starter().replace(b"[controller]", ledger))
    return path


@pytest.fixture
def visit(file):
    made = Visit(file)
    yield made
    made.close()


def state(visit):
    return json.loads(visit.get("/preview/state")[1])


def test_the_page_shows_the_banner_its_gates_and_the_declaration(visit):
    status, page = visit.get("/")
    assert status == 200
    assert '<script async src="/consent.js"></script>' in page
    assert '<template data-consent="page-counter">' in page
    assert "consent-declaration" in page
    status, script = visit.get("/consent.js")
    assert status == 200
    assert f"http://127.0.0.1:{visit.server.server_port}/v1/sites/my-site/" in script
    assert "ledger.example" not in script


@pytest.mark.parametrize("scripts", ["one", "each"])
def test_every_language_has_its_page(visit, file, scripts):
    languages = f'[languages]\navailable = ["en", "ar"]\nscripts = "{scripts}"\n\n[contacts]'
    text = re.sub(
        r'^(title|purpose|reason|name)( = )("(?!My ).*")$',
        r"\1\2{ en = \3, ar = \3 }",
        file.read_text().replace("[contacts]", languages),
        flags=re.MULTILINE,
    )
    file.write_text(text)
    visit.preview.look()
    for query, lang in (("", "en"), ("?language=ar", "ar"), ("?language=fr", "en")):
        page = visit.get(f"/{query}")[1]
        of_script = ".ar" if scripts == "each" and lang == "ar" else ""
        assert f"<html {locales.marks(lang)} " in page
        assert f'<script async src="/consent{of_script}.js"></script>' in page
        assert f'<div class="consent-declaration" {locales.marks(lang)}>' in page
        assert f'id="consent-page" {locales.marks(lang)}>' in page
        assert f'href="/?language={lang}"' not in page
        assert f'href="/?language={"en" if lang == "ar" else "ar"}"' in page
        close = locales.builtin(lang)["close"]
        assert close in visit.get(f"/consent{of_script}.js")[1]


def test_every_position_and_theme_can_be_looked_at(visit):
    page = visit.get("/?language=en&position=corner")[1]
    assert '<script async src="/consent.js?position=corner"></script>' in page
    assert 'href="/?language=en&amp;position=corner&amp;theme=dark"' in page
    assert "<div data-consent-place></div>" in page
    script = visit.get("/consent.js?position=corner&theme=dark")[1]
    assert "margin-inline:auto 0" in script
    assert "color-scheme:dark;" in script
    plain = visit.get("/consent.js")[1]
    assert "color-scheme:light dark;" in plain
    assert visit.get("/consent.js?position=top&theme=")[1] == plain


def test_a_change_is_built_and_an_error_leaves_the_old_build(visit, file):
    good = file.read_text()
    script = visit.get("/consent.js")[1]
    assert state(visit)["version"] == 1
    visit.preview.look()
    assert state(visit)["version"] == 1

    file.write_text(good.replace('id = "my-site"', 'id = "<b>"'))
    visit.preview.look()
    page = visit.get("/")[1]
    assert 'role="alert"' in page
    assert "site.id: found &quot;&lt;b&gt;&quot;, expected an id" in page
    assert 'site.id: found "<b>", expected an id' in visit.said[-1]
    assert visit.get("/consent.js")[1] == script
    assert state(visit)["version"] == 2

    file.write_text(good.replace("My Site", "Your Site"))
    visit.preview.look()
    assert 'role="alert"' not in visit.get("/")[1]
    assert "Your Site" in visit.get("/consent.js")[1]
    assert state(visit)["version"] == 3


def test_a_file_that_vanishes_and_comes_back_is_followed(visit, file):
    good = file.read_bytes()
    file.unlink()
    visit.preview.look()
    assert "there is no such file" in visit.get("/")[1]
    file.write_bytes(good)
    visit.preview.look()
    assert 'role="alert"' not in visit.get("/")[1]


def test_the_watcher_follows_the_file_by_itself(visit, file):
    stop = threading.Event()
    watcher = threading.Thread(target=visit.preview.watch, args=(stop,))
    watcher.start()
    seen = threading.Event()
    visit.preview.say = lambda text: "Built" in text and seen.set()
    file.write_text(file.read_text().replace("My Site", "Your Site"))
    assert seen.wait(20)
    stop.set()
    watcher.join()


def test_what_would_be_sent_is_shown(visit):
    origin = {"Origin": visit.preview.origin}
    record = {"action": "accept_all"}
    status, _, _ = visit.ask("POST", "/v1/sites/my-site/consents", json.dumps(record), origin)
    assert status == 201
    assert state(visit)["sent"] == [record]
    assert visit.said[-1] == 'Would be sent: {"action": "accept_all"}'


@pytest.mark.parametrize(
    ("body", "origin", "status"),
    [
        ("{}", "http://evil.example", 403),
        ("{}", None, 403),
        ("x", "its own", 400),
        ("[" * 50_000, "its own", 400),
        ("x" * (64 * 1024 + 1), "its own", 400),
    ],
)
def test_other_posts_are_refused(visit, body, origin, status):
    headers = {"Origin": visit.preview.origin if origin == "its own" else origin} if origin else {}
    assert visit.ask("POST", "/v1/sites/my-site/consents", body, headers)[0] == status
    assert state(visit)["sent"] == []


def test_in_a_browser_a_choice_opens_its_gate_and_shows_its_record(visit, file, browser):
    with browser.new_context() as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(visit.preview.origin)
        gate = page.locator("main ul strong")
        assert gate.count() == 0
        page.get_by_role("button", name="Accept all").click()
        gate.first.wait_for()
        page.get_by_text('"action": "accept_all"').last.wait_for()
        assert page.locator("td[data-consent-state]", has_text="Not allowed").count() == 0
        page.locator("#sent", has_text='"decided_at_ms"').wait_for()
        file.write_text(file.read_text().replace("[controller]", "[controler]"))
        visit.preview.look()
        page.get_by_role("alert").get_by_text("controler: unknown key, did you mean").wait_for()
        expect(page.locator(".consent-history-note")).to_have_text(
            "Nothing is recorded for this browser."
        )
    # The preview has no history to show, and the browser itself notes each 404.
    assert [said for said in complaints if not said.startswith("Failed to load resource")] == []


def test_a_foreign_host_name_reads_nothing(visit):
    status, content, _ = visit.ask("GET", "/", headers={"Host": "evil.example"})
    assert (status, content) == (421, "Another host.\n")


def test_the_page_runs_under_a_strict_policy(visit):
    headers = visit.ask("GET", "/")[2]
    assert "'unsafe" not in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "style=" not in visit.get("/")[1]


def test_unknown_paths_and_questions_to_the_ledger_are_404(visit):
    assert visit.get("/nothing")[0] == 404
    assert visit.get("/v1/sites/my-site/preferences") == (
        404,
        '{"title": "The preview has no ledger.", "status": 404}',
    )


def test_a_port_in_use_is_one_sentence(visit, file):
    port = visit.server.server_port
    with pytest.raises(BuilderError, match=f"Port {port} is in use; --port chooses another"):
        preview.start(file, port, visit.said.append)


def test_a_missing_file_is_told_before_anything_is_served(tmp_path):
    with pytest.raises(BuilderError, match="there is no such file"):
        preview.start(tmp_path / "banner.toml", 0, print)


def test_a_broken_file_is_served_with_its_error(tmp_path):
    file = tmp_path / "banner.toml"
    file.write_text("[site")
    visit = Visit(file)
    try:
        assert "this is not TOML" in visit.get("/")[1]
        assert visit.get("/consent.js")[0] == 404
    finally:
        visit.close()
