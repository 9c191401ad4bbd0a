# SPDX-License-Identifier: MIT
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from consent_banner import csp
from consent_banner.cli import main
from consent_banner.config import BuilderError, from_document
from unit.builder.banner_document import banner_document

README = Path(__file__).parents[3] / "banner" / "README.md"


def config(hosts=None, necessary=None, **changes):
    document = banner_document(**changes)
    basics, analytics = document["category"]
    if necessary:
        basics["service"][0]["hosts"] = necessary
    if hosts:
        analytics["service"][0]["hosts"] = hosts
    # What is planned loads nothing yet.
    analytics["service"][1]["hosts"] = {"script": ["https://planned.example"]}
    return from_document(document)


def test_a_site_without_services_of_others_loads_from_itself_and_speaks_to_its_ledger():
    assert csp.directives(config()) == [
        "default-src 'self'",
        "script-src 'self'",
        "connect-src 'self' http://ledger.localhost:8470",
        "object-src 'none'",
        "base-uri 'self'",
    ]


def test_the_ledger_is_named_by_its_origin_and_only_when_there_is_one():
    with_path = config(ledger={"url": "https://example.com:8443/consent"})
    assert "connect-src 'self' https://example.com:8443" in csp.directives(with_path)
    document = banner_document()
    del document["ledger"]
    assert not any("connect-src" in part for part in csp.directives(from_document(document)))


def test_every_host_is_in_its_directive_once_and_in_order():
    kinds = ("script", "style", "img", "font", "media", "frame", "connect")
    hosts = {kind: [f"https://{kind}.example", "https://a.example"] for kind in kinds}
    found = csp.directives(config(hosts, necessary={"img": ["https://a.example"]}))
    assert found[1:-2] == [
        f"{kind}-src 'self' "
        + ("http://ledger.localhost:8470 " if kind == "connect" else "")
        + f"https://a.example https://{kind}.example"
        for kind in kinds
    ]


def test_nothing_inline_is_allowed_but_what_the_builder_itself_names():
    found = csp.directives(config(), ["'sha256-abc'"])
    assert "script-src 'self' 'sha256-abc'" in found
    assert not any("unsafe" in part for part in found)


def test_trusted_types_and_reports_are_added_when_asked_for():
    found = csp.directives(config(csp={"report_uri": "/csp"}), trusted_types=True)
    assert found[-2:] == [csp.TRUSTED_TYPES, "report-uri /csp"]


POLICY = "default-src 'self'; img-src https://a.example"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("header", f"Content-Security-Policy: {POLICY}"),
        ("meta", f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        ("nginx", f'add_header Content-Security-Policy "{POLICY}" always;'),
        ("apache", f'Header always set Content-Security-Policy "{POLICY}"'),
        ("caddy", f'header Content-Security-Policy "{POLICY}"'),
        ("netlify", f"/*\n  Content-Security-Policy: {POLICY}"),
    ],
)
def test_it_is_written_as_each_server_wants_it(form, text):
    parts = ["default-src 'self'", "img-src https://a.example"]
    assert csp.write(parts, form) == text


def test_a_meta_element_leaves_out_what_browsers_ignore_there():
    assert "report-uri" not in csp.write(["default-src 'self'", "report-uri /csp"], "meta")
    with pytest.raises(BuilderError, match="a meta element cannot only report"):
        csp.write(["default-src 'self'"], "meta", report_only=True)


def test_no_policy_can_be_ended_by_a_setting():
    """What servers' files and the policy itself give a meaning to is in no accepted value."""
    whole = "; ".join(
        csp.directives(
            config({"script": ["https://*.a.example:8443"]}, csp={"report_uri": "/c?a=b&c=d"})
        )
    )
    assert not set(whole) & set('"\\$%{}<>,\n')
    assert re.fullmatch(r"[a-z]+-[a-z]+ [^;]+(; [a-z]+-[a-z]+ [^;]+)*", whole)


class TestCommand:
    @pytest.fixture
    def run(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        CliRunner().invoke(main, ["init"])

        def call(*arguments):
            return CliRunner().invoke(main, ["csp", *arguments])

        return call

    def test_only_the_policy_is_on_its_output(self, run):
        found = run("--report-only")
        assert found.stdout == (
            "Content-Security-Policy-Report-Only: default-src 'self'; script-src 'self'; "
            "object-src 'none'; base-uri 'self'\n"
        )
        assert found.stderr == (
            'warning: service "page-counter" names no hosts: what it loads from elsewhere is '
            "barred.\n"
        )

    def test_the_example_of_the_readme_is_what_it_prints(self, run, tmp_path):
        text = README.read_text()
        (hosts,) = re.findall(r"^hosts = .*", text, re.MULTILINE)
        command, shown = re.findall(r"\$ consent-banner csp (.*)\n(.*)\n", text)[0]
        file = tmp_path / "banner.toml"
        file.write_text(file.read_text().replace("sale_or_share = false", hosts))
        found = run(*command.split())
        assert (found.stdout, found.stderr) == (f"{shown}\n", "")

    def test_what_cannot_be_written_is_one_sentence(self, run):
        found = run("--format", "meta", "--report-only")
        assert (found.exit_code, found.stdout) == (1, "")
        assert found.stderr.startswith("Error: a meta element cannot only report")
