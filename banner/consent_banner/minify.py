# SPDX-License-Identifier: MIT
"""Shrinks the banner's modules and style sheets when the package is made.

`python -m consent_banner.minify` writes js/min and css/min, which are committed: a site owner's
build only joins them. `--check` writes nothing and fails when they are not current.

Private names are shortened first, by one table for all modules; only then is each module minified.
So the minifier meets a shortened name of another module as a free name, and gives it to no local.
"""

import hashlib
import importlib
import itertools
import json
import string
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from consent_banner import modules
from consent_banner.bundle import PLACEHOLDER
from consent_banner.javascript import BLANK, SourceError, Token, tokens
from consent_banner.modules import Module, is_private

PACKAGE = Path(__file__).parent

# Reserved words of up to two letters, and short names that objects of the platform already have.
_TAKEN_NAMES = "as at cx cy do dx dy fx fy id if in is of r rx ry x y z"


def names_table(*scripts: Iterable[Module]) -> dict[str, str]:
    """A short name for every private name: the most used first, then by alphabet.

    Names of the first script are given first, so that what a later one adds never changes it.
    No short name occurs as an ordinary identifier in any module. What a build writes in the place
    of a placeholder is never a small letter: those are what the minifier calls locals.
    Raises: SourceError for an identifier of a later script that an earlier one's name took.
    """
    names: dict[str, str] = {}
    taken: set[str] = set(_TAKEN_NAMES.split())
    for modules_of in scripts:
        count: Counter[str] = Counter()
        for module in modules_of:
            code = written(module)
            count.update(token.text for token in code if token.kind in ("name", "value"))
            for private, short in names.items():
                if short in module.public:
                    problem = f"the identifier {short} is the short name of {private}"
                    raise SourceError(module.file, 1, f"{problem}; choose another")
            taken |= module.public
        free = (n for n in _short_names() if n not in taken and n not in names.values())
        filled: set[str] = set()
        # What a placeholder stands for needs no name where it is used once: it is written there.
        for module in modules_of:
            for placeholder in (token.text for token in written(module) if token.kind == "value"):
                times = count[placeholder]
                count["_" + placeholder.lstrip("$")] += times > 1
                filled |= _fillers(placeholder)
        ranked = [name for name in count.keys() - names if is_private(name)]
        ranked.sort(key=lambda name: (-count[name], name))
        small: list[str] = []
        for name in ranked:
            if small and name not in filled:
                names[name] = small.pop(0)
                continue
            short = next(free)
            while name in filled and len(short) == 1 and short.islower():
                small.append(short)
                short = next(free)
            names[name] = short
    return dict(sorted(names.items()))


def _fillers(placeholder: str) -> set[str]:
    """Private names whose short names a build may write where *placeholder* stands."""
    own = "_" + placeholder.lstrip("$")
    return {own} if placeholder.startswith("$$") else {own, "_text"}


def _short_names() -> Iterator[str]:
    # Capitals first: the minifier calls locals e, t, n …, and code whose locals keep the same names
    # everywhere compresses better (32 of 4433 bytes).
    for length in (1, 2):
        for letters in itertools.product(
            string.ascii_uppercase + string.ascii_lowercase, repeat=length
        ):
            yield "".join(letters)


def written(module: Module) -> list[Token]:
    """The module's code with placeholders, of kind "value", for what the builder has a value for.

    `$$asked` stands for `_asked` of config.js, `$title` for `_text._title`, `$$language` for
    `_language`: a build puts the value, or a name for it, in their place.
    """
    values = {name for link in module.imports if link.file == modules.CONFIG for name in link.names}
    spoken = {
        name for link in module.imports if link.file == modules.LANGUAGE for name in link.names
    }
    values |= spoken - {"_text"}
    code: list[Token] = []
    for token in module.code:
        before = "".join(each.text for each in code[-2:])
        if token.kind == "name" and is_private(token.text):
            if before == "_text." and "_text" in spoken:
                del code[-2:]
                token = replace(token, kind="value", text=f"${token.text[1:]}")
            elif token.text in values and (before.endswith("...") or not before.endswith(".")):
                token = replace(token, kind="value", text=f"$${token.text[1:]}")
        code.append(token)
    if "_text" in spoken and any(token.text == "_text" for token in code):
        raise SourceError(module.file, 1, "_text is used without one of its texts")
    return code


def mangle(module: Module, names: Mapping[str, str]) -> str:
    """The module's code with its private names shortened; strings and comments are untouched."""
    return "".join(
        names[token.text] if token.kind == "name" and is_private(token.text) else token.text
        for token in written(module)
    )


def minify(package: Path = PACKAGE) -> dict[str, bytes]:
    """The files of js/min and css/min by their path below *package*.

    Raises: SourceError when a module breaks the rules of `modules`; ModuleNotFoundError without
        tdewolff-minify.
    """
    try:
        minifier: Any = importlib.import_module("minify")
    except ModuleNotFoundError:
        hint = "it comes with pip install -e '.[dev]' on Linux"
        raise ModuleNotFoundError(f"tdewolff-minify is not installed; {hint}") from None
    sources = {path.name: _read(path) for path in sorted((package / "js").glob("*.js"))}
    styles = {path.name: _read(path) for path in sorted((package / "css").glob("*.css"))}
    parsed = {file: modules.read(file, source) for file, source in sources.items()}
    modules.check(parsed)
    names = names_table(*modules.scripts(parsed))
    files: dict[str, str] = {}
    for file, module in parsed.items():
        if file != modules.CONFIG:
            mangled = mangle(module, names)
            shortened = minifier.string("application/javascript", mangled)
            values = {token.text for token in written(module) if token.kind == "value"}
            if set(PLACEHOLDER.findall(shortened)) != values:
                raise SourceError(file, 1, "something in it looks like a placeholder: `$word`")
            used = {token.text for token in tokens(file, shortened) if token.kind == "name"}
            for placeholder in sorted(values):
                for name in _fillers(placeholder):
                    if names.get(name) in used:
                        problem = f"the minifier gives a local the short name of {name}"
                        raise SourceError(file, 1, f"{problem}; use fewer locals")
            files[f"js/min/{file}"] = shortened
    for file, source in styles.items():
        files[f"css/min/{file}"] = minifier.string("text/css", source)
    manifest = {
        "names": names,
        "modules": {
            file: {
                "imports": list(module.links),
                "is_constants": is_constants(files.get(f"js/min/{file}", "")),
                "sha256_source": _sha256(sources[file]),
            }
            for file, module in parsed.items()
        },
        "css": {file: {"sha256_source": _sha256(source)} for file, source in styles.items()},
    }
    files["js/min/manifest.json"] = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    return {path: text.encode() for path, text in files.items()}


def is_constants(code: str) -> bool:
    """Whether *code* is one `const` statement, to which another one can be joined."""
    depth = 0
    significant = [token for token in tokens("minified", code) if token.kind not in BLANK]
    for token in significant:
        if token.kind == "template":
            depth += token.text.endswith("${") - token.text.startswith("}")
        elif token.kind == "punctuator":
            depth += (token.text in "([{") - (token.text in ")]}")
            if token.text == ";" and not depth and token is not significant[-1]:
                return False
    return code.startswith("const ")


def _read(path: Path) -> str:
    return path.read_bytes().decode()


def _sha256(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()


def stale(package: Path = PACKAGE) -> list[str]:
    """Paths below *package* that minifying again would change, add or remove."""
    wanted = minify(package)
    present = {
        path.relative_to(package).as_posix(): path.read_bytes()
        for folder in ("js/min", "css/min")
        for path in (package / folder).glob("*")
    }
    return sorted(
        path for path in wanted.keys() | present.keys() if wanted.get(path) != present.get(path)
    )


def write(package: Path = PACKAGE) -> list[str]:
    """Brings js/min and css/min up to date; the paths that changed."""
    wanted = minify(package)
    changed = stale(package)
    for path in changed:
        file = package / path
        if path in wanted:
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(wanted[path])
        else:
            file.unlink()
    return changed


def main(arguments: list[str], package: Path = PACKAGE) -> int:
    """The command; returns its exit status."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("Usage: python -m consent_banner.minify [--check]\n")
        return 2
    try:
        changed = stale(package) if arguments else write(package)
    except (SourceError, ModuleNotFoundError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for path in changed:
        sys.stdout.write(f"{'not current' if arguments else 'written'}: {path}\n")
    return 1 if arguments and changed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
