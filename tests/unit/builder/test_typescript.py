# SPDX-License-Identifier: MIT
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from consent_banner import bundle, document, typescript
from consent_ledger.schemas.fields import ACTIONS
from unit.builder.banner_document import banner_config, banner_document

README = Path(__file__).parents[3] / "banner" / "README.md"
API = (bundle.PACKAGE / "js" / "api.js").read_text()


def declarations(**changes):
    return typescript.declarations(document.notice(banner_config(**changes)))


def block(text, name):
    """What stands between the braces after *name*, to the brace at the start of its indent."""
    found = re.search(rf"^( *)[^\n]*{name} = ?{{\n|^( *){name} {{\n", text, re.MULTILINE)
    assert found is not None, name
    indent = found[1] or found[2] or ""
    return text[found.end() :].split(f"\n{indent}}}")[0]


def test_the_declared_functions_are_those_of_the_script():
    given = re.findall(r"^  (\w+):", block(API, "_api"), re.MULTILINE)
    told = re.findall(r"^    (\w+)\(", block(declarations(), "interface Api"), re.MULTILINE)
    assert given == told
    assert "open" in told


def test_each_declared_event_is_one_that_the_script_fires():
    told = re.findall(r'"consent:(\w+)"', declarations())
    assert told == ["ready", "change", "receipt"]
    sources = "".join(path.read_text() for path in (bundle.PACKAGE / "js").glob("*.js"))
    for name in told:
        assert f'_emit("{name}"' in sources


def test_the_declared_actions_are_those_that_a_record_may_have():
    (line,) = re.findall("type Action = (.*);", declarations())
    assert line.split(" | ") == [f'"{action}"' for action in ACTIONS]


def test_the_ids_are_those_that_this_site_asks_for_and_no_others():
    assert '  type Id = "analytics" | "page-counter";' in declarations()
    (basics, *_) = banner_document()["category"]
    assert "  type Id = never;" in declarations(category=[basics])


RIGHT = """
/// <reference path="consent.d.ts" />
if (window.consent?.granted("analytics")) window.consent.withdraw();
const answer: boolean | undefined = window.consent?.choices()?.["page-counter"];
const record: string | undefined = window.consent?.record();
document.addEventListener("consent:ready", () => window.consent!.open());
document.addEventListener("consent:change", ({ detail }) => detail.choices.analytics === true);
document.addEventListener("consent:receipt", ({ detail }) => detail.index + 1);
// @ts-expect-error: a service that is not there
window.consent?.granted("heat-map");
// @ts-expect-error: the script may be absent
window.consent.open();
// @ts-expect-error: what is there is the script's
const replace = () => (window.consent = undefined);
document.addEventListener("consent:change", ({ detail }) => {
  // @ts-expect-error: as is an answer
  detail.choices.analytics = true;
  // @ts-expect-error: an action that there is not
  return detail.action == "accepted";
});
"""


def test_the_compiler_accepts_what_is_right_and_nothing_else(tmp_path):
    compiler = shutil.which("tsc")
    if compiler is None:
        pytest.skip("there is no tsc on the PATH (npm install --global typescript)")
    (tmp_path / "consent.d.ts").write_text(declarations())
    (example,) = re.findall(r"```ts\n(.*?)```", README.read_text(), re.DOTALL)
    (tmp_path / "page.ts").write_text(RIGHT + "declare function startCounting(): void;\n" + example)
    options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "dom,es2022", "--types", ""]
    ran = subprocess.run(
        [compiler, *options, "page.ts"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout) == (0, "")
