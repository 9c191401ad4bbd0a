# SPDX-License-Identifier: MIT
import pytest
from click.testing import CliRunner
from consent_banner import config
from consent_banner.cli import main


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Calls the command in an empty directory; gives status, output and error output."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        result = CliRunner().invoke(main, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.stdout, result.stderr

    return call


def break_file(path):
    path.write_text(path.read_text().replace('id = "my-site"', "id = 3"))


def test_init_writes_a_starter_that_checks_and_builds_without_a_warning(run, tmp_path):
    assert run("init")[0] == 0
    assert run("check") == (0, "banner.toml: no error, 0 warnings; 1 category asked.\n", "")
    status, out, _ = run("build")
    assert status == 0
    assert "warning" not in out
    assert (tmp_path / "dist" / "consent.js").is_file()


def test_every_commented_setting_of_the_starter_is_valid(run, tmp_path):
    run("init")
    lines = (tmp_path / "banner.toml").read_text().splitlines()
    opened = [
        line[2:] if line.startswith("# ") and (" = " in line or line.startswith("# [")) else line
        for line in lines
    ]
    text = "\n".join(opened).replace("http://localhost:8000", "https://www.example.com")
    made = config.parse(text)
    assert made.ledger_url == "http://localhost:8470"
    assert made.cookie_domain == "example.com"
    assert made.look.dark == {"accent": "#9ccbf5", "accent_text": "#10161d"}


def test_init_never_overwrites_unless_told_to(run, tmp_path):
    run("init", "site")
    file = tmp_path / "site" / "banner.toml"
    file.write_text("mine")
    assert run("init", "site") == (
        1,
        "",
        "Error: site/banner.toml: there is one already; --force overwrites it.\n",
    )
    assert file.read_text() == "mine"
    assert run("init", "site", "--force")[0] == 0
    assert file.read_text() != "mine"


def test_check_names_errors_and_ends_with_1(run, tmp_path):
    run("init")
    break_file(tmp_path / "banner.toml")
    status, out, err = run("check")
    assert (status, out) == (1, "")
    assert err.splitlines()[0] == "Error: banner.toml has 1 error, so nothing was written:"
    assert err.splitlines()[1].startswith("  site.id: found 3, expected an id")


def test_check_prints_warnings(run, tmp_path):
    run("init")
    file = tmp_path / "banner.toml"
    file.write_text(file.read_text().replace("sale_or_share = false", "sale_or_share = true"))
    status, out, _ = run("check")
    assert status == 0
    assert out.startswith('warning: service "page-counter" sells or shares personal data')
    assert "no error, 1 warning;" in out


def test_a_broken_file_builds_nothing(run, tmp_path):
    run("init")
    break_file(tmp_path / "banner.toml")
    assert run("build")[0] == 1
    assert {path.name for path in tmp_path.iterdir()} == {"banner.toml"}


def test_build_says_what_to_paste_and_how_large_it_is(run, tmp_path):
    run("init")
    status, out, err = run("build", "banner.toml", "--out", "web")
    assert (status, err) == (0, "")
    assert "Wrote 7 files to web." in out
    assert '  <script async src="/consent.js"></script>' in out
    assert 'integrity="sha384-' in out
    assert "gate.js" in out
    assert "gzip -9" in out
    assert "consent-ledger publish" not in out


def test_build_with_a_ledger_says_how_to_publish(run, tmp_path):
    run("init")
    file = tmp_path / "banner.toml"
    text = file.read_text().replace("# [ledger]", "[ledger]")
    file.write_text(
        text.replace('# url = "http://localhost:8470"', 'url = "http://localhost:8470"')
    )
    assert "consent-ledger publish dist" in run("build")[1]


def test_build_inserts_the_declaration(run, tmp_path):
    run("init")
    page = tmp_path / "cookies.html"
    page.write_text("<!-- consent declaration --><!-- /consent declaration -->")
    assert (
        "Filled the marked places of cookies.html." in run("build", "--insert", "cookies.html")[1]
    )
    assert "visits" in page.read_text()


def test_a_missing_file_says_what_to_do(run):
    assert run("build") == (
        1,
        "",
        "Error: banner.toml: there is no such file; `consent-banner init` writes a first one.\n",
    )


def test_verbose_adds_the_traceback(run):
    assert "Traceback" in run("--verbose", "build")[2]
    assert "Traceback" not in run("build")[2]


@pytest.mark.parametrize(
    "arguments", [["biuld"], ["build", "--oot", "x"], ["preview", "--port", "x"]]
)
def test_wrong_usage_ends_with_2(run, arguments):
    status, _, err = run(*arguments)
    assert status == 2
    assert "Usage: " in err


@pytest.mark.parametrize("command", ["init", "check", "build", "csp", "preview"])
def test_every_command_has_help_with_an_example(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert f"Example: consent-banner {command} " in " ".join(out.split())
