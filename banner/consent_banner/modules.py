# SPDX-License-Identifier: MIT
"""The banner's JavaScript modules: what each imports, exports and uses, and the rules they keep.

Three forms link modules, each on one line: `import { _a, _b } from "./x.js";`, `import "./x.js";`
for a module that only has to run, and `export const|let|function …`. So joining them in import
order needs no module loader.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from consent_banner.javascript import BLANK, SourceError, Token, tokens

ENTRY = "main.js"
CHOICES_ENTRY = "choices.js"
ENTRIES = (ENTRY, CHOICES_ENTRY)
"""The module that each script begins with: consent.js, choices.js."""
CONFIG = "config.js"
LANGUAGE = "language.js"
"""The modules whose names are values that the builder has."""

VARIANTS = {
    "ask.js": "ask-changes.js",
    "consent-mode.js": "",
    "data-layer.js": "",
    "language.js": "",
    "ledger.js": "ledger-off.js",
    "placeholder.js": "",
    "rows.js": "rows-services.js",
    "signal.js": "",
    "style.js": "style-off.js",
}
"""Import name -> the file that takes its place in a build that needs the other form; "" for a
module that is simply left out."""

_IMPORT = re.compile(r'import (?:\{ (_\w+(?:, _\w+)*) \} from )?"\./([a-z][a-z0-9-]*\.js)";')
_DECLARATIONS = frozenset({"const", "let", "var", "function", "class"})


@dataclass(frozen=True)
class Import:
    """One import line."""

    file: str
    names: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Module:
    """One source file. `code` is its tokens without the import lines and the word `export`."""

    file: str
    imports: tuple[Import, ...]
    exports: dict[str, int]
    declared: dict[str, int]
    private: Counter[str]
    public: frozenset[str]
    code: tuple[Token, ...]

    @property
    def links(self) -> tuple[str, ...]:
        """Names of the files it imports, in order, each once."""
        return tuple(dict.fromkeys(link.file for link in self.imports))


def read(file: str, source: str) -> Module:
    """The module in *source*. Raises: SourceError, naming *file* and line."""
    lines = source.split("\n")
    imports: list[Import] = []
    exports: dict[str, int] = {}
    declared: dict[str, int] = {}
    code: list[Token] = []
    depth = 0
    exported = False
    skip_line = 0
    significant = [t for t in tokens(file, source) if t.kind not in BLANK]
    position = -1
    skip_space = False
    for token in tokens(file, source):
        if token.line == skip_line and token.text[0] != "\n":
            position += token.kind not in BLANK
            continue
        if token.kind in BLANK:
            if not skip_space:
                code.append(token)
            skip_space = False
            continue
        position += 1
        before = significant[position - 1].text if position else ";"
        after = significant[position + 1].text if position + 1 < len(significant) else ""
        is_word = token.kind == "name" and before not in (".", "?.") and after != ":"
        if is_word and token.text == "import":
            found = _IMPORT.fullmatch(lines[token.line - 1].rstrip("\r"))
            if found is None or depth:
                expected = 'import { _a, _b } from "./x.js"; on a line of its own'
                raise SourceError(file, token.line, f"an import in another form than {expected}")
            linked = tuple(found[1].split(", ")) if found[1] else ()
            imports.append(Import(found[2], linked, token.line))
            skip_line = token.line
            continue
        if is_word and token.text == "export":
            if depth or after not in ("const", "let", "function", "async", "class"):
                expected = "export const|let|function|class at the top level"
                raise SourceError(file, token.line, f"an export in another form than {expected}")
            exported = skip_space = True
            continue
        if (
            depth == 0
            and token.text in _DECLARATIONS
            and before in (";", "}", "export", "async")
            and token.kind == "name"
        ):
            for name in _declared_names(file, significant, position):
                if name in declared:
                    raise SourceError(file, token.line, f"{name} is declared twice")
                if not name.startswith("_"):
                    raise SourceError(
                        file, token.line, f"the top-level name {name} needs a leading underscore"
                    )
                declared[name] = token.line
                if exported:
                    exports[name] = token.line
            exported = False
        if token.kind == "punctuator":
            depth += (token.text in "([{") - (token.text in ")]}")
        elif token.kind == "template":
            depth += token.text.endswith("${") - token.text.startswith("}")
        code.append(token)
    names = [token.text for token in code if token.kind == "name"]
    return Module(
        file=file,
        imports=tuple(imports),
        exports=exports,
        declared=declared,
        private=Counter(name for name in names if is_private(name)),
        public=frozenset(name.removeprefix("#") for name in names if not is_private(name)),
        code=tuple(code),
    )


def is_private(name: str) -> bool:
    """Whether the name is ours to shorten: one underscore, then a letter."""
    return re.fullmatch(r"_[A-Za-z]\w*", name, re.ASCII) is not None


def _declared_names(file: str, significant: Sequence[Token], start: int) -> list[str]:
    """The names that the declaration at *start* makes."""
    keyword, place = significant[start], start + 1
    if keyword.text in ("function", "class"):
        if significant[place].text == "*":
            place += 1
        return [significant[place].text]
    names: list[str] = []
    depth = 0
    in_target = True  # before the `=`: a name, or a pattern of names
    for before, token, after in zip(
        significant[place - 1 :], significant[place:], significant[place + 1 :], strict=False
    ):
        if token.kind == "punctuator":
            depth += (token.text in "([{") - (token.text in ")]}")
            if depth == 0 and token.text in (",", "=", ";"):
                in_target = token.text == ","
                if token.text == ";":
                    return names
        elif token.kind == "template":
            depth += token.text.endswith("${") - token.text.startswith("}")
        elif token.kind == "name" and in_target and after.text != ":" and before.text != "=":
            names.append(token.text)
        elif token.kind == "name" and depth == 0 and token.text in ("const", "let", "export"):
            break
    else:
        # The pairs end one token before the last one.
        if significant[-1].text == ";" and depth == 0:
            return names
    what = f"of {', '.join(names)} " if names else ""
    raise SourceError(file, keyword.line, f"the declaration {what}needs a `;` at its end")


def check(modules: Mapping[str, Module], variants: Mapping[str, str] = VARIANTS) -> None:
    """Refuses what would break when the modules are joined, in every combination of variants.

    Raises: SourceError for a missing file, a name imported but not exported, used but not imported,
        or declared in two files of one build, and for an import cycle.
    """
    for module in modules.values():
        for link in module.imports:
            for file in filter(None, (link.file, variants.get(link.file))):
                if file not in modules:
                    raise SourceError(module.file, link.line, f"imports {file}, which is missing")
                for name in link.names:
                    if name not in modules[file].exports:
                        raise SourceError(
                            module.file, link.line, f"imports {name}, which {file} does not export"
                        )
    for entry in ENTRIES:
        if entry in modules:
            for build in _builds(modules, variants, entry):
                _check_together([modules[file] for file in build])


def scripts(modules: Mapping[str, Module]) -> list[list[Module]]:
    """The modules of each script in any combination of variants, one list for each of `ENTRIES`.

    The last list also has the modules that no script needs.
    """
    found: list[list[Module]] = []
    left = dict(modules)
    for entry in ENTRIES:
        of_entry = {
            file
            for build in (_builds(modules, VARIANTS, entry) if entry in modules else ())
            for file in build
        }
        found.append([left.pop(file) for file in sorted(of_entry & left.keys())])
    found[-1] += left.values()
    return found


def _builds(
    modules: Mapping[str, Module], variants: Mapping[str, str], entry: str
) -> Iterator[list[str]]:
    """Files of a script in each combination of variants, with everything that may be left out."""
    usable = {name: file for name, file in variants.items() if file in modules}
    links = {file: module.links for file, module in modules.items()}
    for size in range(len(usable) + 1):
        for chosen in itertools.combinations(sorted(usable), size):
            yield order(links, {name: usable[name] for name in chosen}, entry)


def order(
    links: Mapping[str, Iterable[str]], variants: Mapping[str, str], entry: str = ENTRY
) -> list[str]:
    """Files of a build: each after everything it imports, depth first from *entry*.

    *links* gives each file's imports; *variants* the files that stand in for others, or "".
    Raises: SourceError for an import cycle.
    """
    done: list[str] = []
    open_: list[str] = []

    def visit(name: str) -> None:
        file = variants.get(name, name)
        if not file or file in done:
            return
        if file in open_:
            circle = " -> ".join([*open_[open_.index(file) :], file])
            raise SourceError(file, 1, f"imports go in a circle: {circle}")
        open_.append(file)
        for link in links[file]:
            visit(link)
        open_.pop()
        done.append(file)

    visit(entry)
    return done


def _check_together(modules: Sequence[Module]) -> None:
    owner: dict[str, Module] = {}
    for module in modules:
        for name, line in module.declared.items():
            if name in owner:
                raise SourceError(
                    module.file, line, f"{name} is declared in {owner[name].file} too"
                )
            owner[name] = module
    for module in modules:
        known = {name for link in module.imports for name in link.names} | set(module.declared)
        for name, line in module.declared.items():
            if any(name in link.names for link in module.imports):
                raise SourceError(module.file, line, f"{name} is imported and declared")
        for token in _references(module):
            if token.text in owner and token.text not in known:
                file = owner[token.text].file
                raise SourceError(
                    module.file, token.line, f"uses {token.text} of {file} without importing it"
                )


def _references(module: Module) -> Iterable[Token]:
    """Name tokens that read a variable: no property after a dot, no key of an object literal."""
    code = [token for token in module.code if token.kind not in BLANK]
    for place, token in enumerate(code):
        before = code[place - 1].text if place else ""
        after = code[place + 1].text if place + 1 < len(code) else ""
        is_key = after == ":" and before in ("{", ",")
        if token.kind == "name" and before not in (".", "?.") and not is_key:
            yield token
