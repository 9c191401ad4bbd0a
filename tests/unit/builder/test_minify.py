# SPDX-License-Identifier: MIT
import hashlib
import importlib.util
import json
import re
import shutil
import string
import sys

import pytest
from consent_banner import minify, modules
from consent_banner.javascript import SourceError
from unit.builder.tiny_package import CONFIG, STYLES, TEXTS, tiny_package

# The minifier has no wheel for macOS: there the committed output is used, and these tests are left
# out. On Linux they run, and fail where the minifier is missing.
HAS_MINIFIER = sys.platform == "linux" or importlib.util.find_spec("minify") is not None

SOURCES = {
    "config.js": CONFIG,
    "main.js": (
        'import { _count } from "./count.js";\n'
        "export const _start = (element) => {\n"
        "  const first = element.one;\n"
        "  const second = element.two;\n"
        '  return [first, second, _count(first), "_count", `_count ${_count(second)}`];\n'
        "};\n"
        "window.result = _start({ one: 1, two: 2 });\n"
    ),
    "count.js": "export const _count = (number) => /_count/.source.length + number;\n",
}


def parsed(sources):
    return {name: modules.read(name, text) for name, text in sources.items()}


def test_names_are_given_by_frequency_and_then_by_alphabet():
    sources = parsed({"main.js": "const _b = 1, _a = 1, _often = [_z, _z];\n_often(_often);"})
    assert minify.names_table(sources.values()) == {"_a": "C", "_b": "D", "_often": "A", "_z": "B"}


def test_no_short_name_is_an_identifier_of_the_sources_or_a_reserved_word():
    letters = "A B C e f g id do in"
    public = "\n".join(f"f({name});" for name in letters.split() if name not in ("do", "in"))
    private = ", ".join(f"_n{number} = 1" for number in range(900))
    names = minify.names_table(parsed({"main.js": f"{public}\nconst {private};"}).values())
    assert len(set(names.values())) == 900
    assert not set(names.values()) & {*letters.split(), "if", "as", "is", "of", "at", "x", "y"}


def test_what_a_second_script_adds_leaves_the_names_of_the_first_alone():
    first = parsed({"main.js": "const _a = 1, _b = _a;"}).values()
    second = parsed({"choices.js": "const _c = 1; _c(_c, _c, _a);"}).values()
    assert minify.names_table(first) == {"_a": "A", "_b": "B"}
    assert minify.names_table(first, second) == {"_a": "A", "_b": "B", "_c": "C"}


def test_an_identifier_of_a_second_script_that_is_a_short_name_is_refused():
    first = parsed({"main.js": "const _a = 1;"}).values()
    second = parsed({"choices.js": "A();"}).values()
    with pytest.raises(SourceError, match=r"^choices\.js:1: the identifier A is the short name of"):
        minify.names_table(first, second)


def test_mangling_changes_names_and_nothing_in_strings_comments_regexes_or_template_text():
    source = (
        'const _a = { _a: "_a" }; // _a\n'
        "f(_a._a, '_a', /_a/, `_a${_a}_a`, a._a, _a_, __a, $_a);\n"
        "{ class K { #_p = _a; } }\n"
    )
    module = modules.read("main.js", source)
    mangled = minify.mangle(module, {"_a": "Q", "_a_": "R"})
    assert mangled == (
        "const Q = { Q: \"_a\" }; // _a\nf(Q.Q, '_a', /_a/, `_a${Q}_a`, a.Q, R, __a, $_a);\n"
        "{ class K { #_p = Q; } }\n"
    )


def test_what_stands_for_a_placeholder_is_never_named_as_the_minifier_names_locals():
    """The minifier does not see that name, so nothing would keep a local from taking it."""
    taken = "\n".join(f"f({letter});" for letter in string.ascii_uppercase)
    main = (
        'import { _notice } from "./config.js";\nimport { _text } from "./language.js";\n'
        f"{taken}\nf(_notice, _notice, _text._title, _text._title, _own, _own, _own);\n"
    )
    sources = parsed({"main.js": main, "config.js": CONFIG, "language.js": TEXTS})
    names = minify.names_table(sources.values())
    assert {names["_own"], *names.values()} >= {"a", "b"}
    for name in ("_notice", "_title", "_text", "_locales"):
        assert len(names[name]) == 2, name


def test_a_value_that_is_spread_has_a_placeholder_too():
    main = 'import { _asked } from "./config.js";\nf([..._asked], a._asked);\n'
    module = modules.read("main.js", main)
    assert minify.mangle(module, {"_asked": "Q"}).strip() == "f([...$$asked], a.Q);"


@pytest.mark.skipif(not HAS_MINIFIER, reason="tdewolff-minify has no wheel for this platform")
class TestWithTheMinifier:
    def test_the_manifest_says_what_each_module_links_and_what_can_be_joined(self, tmp_path):
        package = tiny_package(tmp_path / "package", SOURCES)
        manifest = json.loads(minify.minify(package)["js/min/manifest.json"])
        source = (package / "js" / "main.js").read_bytes()
        assert manifest["modules"]["main.js"] == {
            "imports": ["count.js"],
            "is_constants": False,
            "sha256_source": hashlib.sha256(source).hexdigest(),
        }
        assert set(manifest["css"]) == set(STYLES)

    def test_a_local_never_takes_the_short_name_of_a_shared_one(self, tmp_path):
        """The minifier likes to call locals e, t, n …: here a shared name is called e."""
        names = {"_count": "e", "_start": "t"}
        for file in ("main.js", "count.js"):
            code = minify.mangle(modules.read(file, SOURCES[file]), names)
            minified = importlib.import_module("minify").string("application/javascript", code)
            if file == "main.js":
                assert minified.count("e(") == 2
                assert not re.search(r"\be(=|\)?=>)", minified)

    def test_a_local_with_the_short_name_of_a_value_is_refused(self, tmp_path):
        many = ", ".join(f"a{number}" for number in range(60))
        sources = {
            **SOURCES,
            "config.js": CONFIG,
            "main.js": (
                'import { _notice } from "./config.js";\n'
                f"window.f = ({many}) => [_notice, {many}];\n"
            ),
        }
        package = tiny_package(tmp_path / "package", sources)
        with pytest.raises(SourceError, match=r"^main\.js:1: .* a local the short name of _notice"):
            minify.minify(package)

    def test_check_names_what_is_not_current_and_writes_nothing(self, tmp_path, capsys):
        package = tiny_package(tmp_path / "package", SOURCES)
        assert minify.main([], package) == 0
        assert "written: js/min/count.js" in capsys.readouterr().out
        assert minify.main(["--check"], package) == 0
        before = (package / "js/min/count.js").read_bytes()
        (package / "js/count.js").write_text("export const _count = (number) => number + 2;\n")
        (package / "js/min/gone.js").write_text("old")
        capsys.readouterr()
        assert minify.main(["--check"], package) == 1
        assert capsys.readouterr().out.splitlines() == [
            "not current: js/min/count.js",
            "not current: js/min/gone.js",
            "not current: js/min/manifest.json",
        ]
        assert (package / "js/min/count.js").read_bytes() == before
        assert minify.main([], package) == 0
        assert not (package / "js/min/gone.js").exists()
        assert minify.main(["--check"], package) == 0

    def test_a_broken_rule_is_told_with_file_and_line_and_writes_nothing(self, tmp_path, capsys):
        sources = {**SOURCES, "count.js": "export default 1;\n"}
        package = tiny_package(tmp_path / "package", sources)
        assert minify.main([], package) == 1
        assert capsys.readouterr().err.startswith("count.js:2: an export in another form than")
        assert not (package / "js/min").exists()

    def test_minifying_the_banner_again_gives_the_committed_bytes(self):
        assert minify.stale() == []


def test_a_wrong_argument_is_answered_with_the_usage(capsys):
    assert minify.main(["--chekc"]) == 2
    assert capsys.readouterr().err == "Usage: python -m consent_banner.minify [--check]\n"


def test_the_committed_output_is_of_the_present_sources():
    """Holds everywhere, also where the minifier is not to be had."""
    manifest = json.loads((minify.PACKAGE / "js/min/manifest.json").read_bytes())
    for folder, listed in (("js", manifest["modules"]), ("css", manifest["css"])):
        sources = {path.name: path for path in (minify.PACKAGE / folder).glob(f"*.{folder}")}
        assert set(listed) == set(sources)
        for name, path in sources.items():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            assert listed[name]["sha256_source"] == digest, f"{name}: minify again"
        minified = {path.name for path in (minify.PACKAGE / folder / "min").glob(f"*.{folder}")}
        assert minified == set(sources) - {"config.js"}


def test_the_names_table_fits_the_banners_sources():
    manifest = json.loads((minify.PACKAGE / "js/min/manifest.json").read_bytes())
    sources = {
        path.name: path.read_bytes().decode() for path in (minify.PACKAGE / "js").glob("*.js")
    }
    scripts = modules.scripts(parsed(sources))
    assert manifest["names"] == minify.names_table(*scripts)


def test_without_the_minifier_one_sentence_says_so(tmp_path, capsys, monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(minify.importlib, "import_module", absent)
    assert minify.main([], shutil.copytree(minify.PACKAGE / "js", tmp_path / "js").parent) == 1
    assert capsys.readouterr().err == (
        "tdewolff-minify is not installed; it comes with pip install -e '.[dev]' on Linux\n"
    )
