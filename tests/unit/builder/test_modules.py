# SPDX-License-Identifier: MIT
import pytest
from consent_banner import modules
from consent_banner.javascript import SourceError


def refusal(sources):
    with pytest.raises(SourceError) as refused:
        modules.check({name: modules.read(name, text) for name, text in sources.items()})
    return str(refused.value)


def test_a_module_tells_its_links_exports_and_names():
    module = modules.read(
        "a.js",
        'import { _b, _c } from "./b.js";\nimport { _d } from "./d.js";\n'
        "export const _one = (x) => x._p, _two = 2;\nexport let _three;\n"
        "export function _four() {}\nexport async function _five() {}\nconst _own = `${_b}`;\n"
        "export const [_six, { key: _seven }] = _d;\n",
    )
    assert module.links == ("b.js", "d.js")
    exported = ["_one", "_two", "_three", "_four", "_five", "_six", "_seven"]
    assert list(module.exports) == exported
    assert list(module.declared) == [*exported[:5], "_own", *exported[5:]]
    assert module.private["_p"] == 1
    assert {"x", "key"} <= module.public


def test_a_module_may_be_imported_only_to_run():
    module = modules.read("a.js", 'import "./b.js";\nconst _a = 1;\n')
    assert [(link.file, link.names) for link in module.imports] == [("b.js", ())]


def test_import_lines_and_the_word_export_are_gone_from_the_code():
    module = modules.read(
        "a.js", 'import { _b } from "./b.js";\nexport const _a = {\n  export: _b,\n  import: 1 };\n'
    )
    code = "".join(token.text for token in module.code)
    assert code.strip() == "const _a = {\n  export: _b,\n  import: 1 };"


@pytest.mark.parametrize(
    "line",
    [
        'import _b from "./b.js";',
        'import * as _b from "./b.js";',
        'import { _b as _c } from "./b.js";',
        'import { b } from "./b.js";',
        'import {} from "./b.js";',
        "import { _b } from './b.js';",
        'import { _b } from "../b.js";',
        'import { _b } from "./b.js"; const _c = 1;',
        'import {\n  _b } from "./b.js";',
        'const _c = import("./b.js");',
        "const _c = import.meta.url;",
    ],
)
def test_other_forms_of_import_are_refused(line):
    message = refusal({"main.js": f"\n{line}", "b.js": "export const _b = 1;"})
    assert message == (
        "main.js:2: an import in another form than "
        'import { _a, _b } from "./x.js"; on a line of its own'
    )


@pytest.mark.parametrize(
    "line",
    [
        "export default 1;",
        "export { _a };",
        'export * from "./b.js";',
        "export var _a = 1;",
        "{ export const _a = 1; }",
    ],
)
def test_other_forms_of_export_are_refused(line):
    assert refusal({"main.js": f"\n{line}"}) == (
        "main.js:2: an export in another form than export const|let|function|class at the top level"
    )


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (
            {"main.js": '\nimport { _b } from "./b.js";'},
            "main.js:2: imports b.js, which is missing",
        ),
        (
            {"main.js": 'import { _b } from "./b.js";', "b.js": "const _b = 1;"},
            "main.js:1: imports _b, which b.js does not export",
        ),
        (
            {
                "main.js": 'import { _b } from "./b.js";\nconst _c = 1;',
                "b.js": "export const _b = 1;\nconst _c = 2;",
            },
            "main.js:2: _c is declared in b.js too",
        ),
        (
            {"main.js": 'import { _b } from "./b.js";\nlet _b;', "b.js": "export const _b = 1;"},
            "main.js:2: _b is declared in b.js too",
        ),
        ({"main.js": "let _a;\nconst _a = 1;"}, "main.js:2: _a is declared twice"),
        (
            {"main.js": "let plain;"},
            "main.js:1: the top-level name plain needs a leading underscore",
        ),
        (
            {
                "main.js": 'import { _b } from "./b.js";\n_b(_c);',
                "b.js": "export const _b = 1;\nexport const _c = 1;",
            },
            "main.js:2: uses _c of b.js without importing it",
        ),
        (
            {
                "main.js": 'import { _b } from "./b.js";',
                "b.js": 'import { _c } from "./c.js";\nexport const _b = 1;',
                "c.js": 'import { _b } from "./b.js";\nexport const _c = 1;',
            },
            "b.js:1: imports go in a circle: b.js -> c.js -> b.js",
        ),
        (
            {
                "main.js": 'import { _b } from "./ledger.js";',
                "ledger.js": "export const _b = 1;",
                "ledger-off.js": "export const _c = 1;",
            },
            "main.js:1: imports _b, which ledger-off.js does not export",
        ),
        (
            {
                "main.js": 'import { _b } from "./ledger.js";\nconst _c = 1;',
                "ledger.js": "export const _b = 1;",
                "ledger-off.js": "export const _b = 1;\nconst _c = 1;",
            },
            "main.js:2: _c is declared in ledger-off.js too",
        ),
        (
            {"main.js": "const _a = 1\nconst _b = 2;"},
            "main.js:1: the declaration of _a needs a `;` at its end",
        ),
    ],
)
def test_what_would_break_joined_modules_is_refused_with_its_place(sources, message):
    assert refusal(sources) == message


def test_variants_may_share_names_because_no_build_has_both():
    sources = {
        "main.js": 'import { _b } from "./ledger.js";\n_b();',
        "ledger.js": "export const _b = 1;\nconst _same = 1;",
        "ledger-off.js": "export const _b = 1;\nconst _same = 1;",
    }
    modules.check({name: modules.read(name, text) for name, text in sources.items()})


def test_properties_and_keys_may_be_called_like_an_export_elsewhere():
    sources = {
        "main.js": 'import { _b } from "./b.js";\n_b({ _c: 1, d: _b._c, e: _b?._c });',
        "b.js": "export const _b = 1;\nexport const _c = 1;",
    }
    modules.check({name: modules.read(name, text) for name, text in sources.items()})


def test_order_is_depth_first_and_each_module_comes_once_after_its_imports():
    links = {
        "main.js": ["b.js", "c.js"],
        "b.js": ["d.js"],
        "c.js": ["d.js", "e.js"],
        "d.js": [],
        "e.js": [],
        "f.js": ["e.js"],
    }
    assert modules.order(links, {}) == ["d.js", "b.js", "e.js", "c.js", "main.js"]
    assert modules.order(links, {"c.js": "f.js"}) == ["d.js", "b.js", "e.js", "f.js", "main.js"]
