# SPDX-License-Identifier: MIT
"""Writes a build: all files or none, and each of them whole."""

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from consent_banner import budget, choices_page, consent_mode, declaration, report, typescript
from consent_banner.build import Build
from consent_banner.config import BuilderError
from consent_banner.notice import Notice

_REGION = re.compile(
    r"(<!-- consent (?P<what>declaration|choices|mode)(?: (?P<language>[A-Za-z0-9-]+))? -->)"
    r".*?(?P<end><!-- /consent (?P=what) -->)",
    re.DOTALL,
)
_START = re.compile("<!-- consent (?:declaration|choices|mode)")
_COMMENT = re.compile("<!--.*?-->", re.DOTALL)
_RUNS = re.compile(
    r"<script\b(?![^>]*\stype=[\"']?(?:text/plain|[\w/+.-]*json|importmap|speculationrules)\b)",
    re.IGNORECASE,
)


def files(build: Build) -> dict[str, bytes]:
    """Content of the output directory by file name, in the order of writing.

    The script comes last: once it is there, so is everything that belongs to it.
    """
    google = build.config.signals.google
    return {
        "notice.json": build.notice.canonical,
        "report.json": _json(report.document(build)),
        **{
            f"{what}.{language}.html": make(build.notice, language).encode()
            for what, make in _fragments(build).items()
            for language in build.config.languages
        },
        typescript.FILE: typescript.declarations(build.notice).encode(),
        **({consent_mode.FILE: consent_mode.html(google).encode()} if google else {}),
        **{script.hashed_file: script.content for script in build.scripts},
        "build.json": _json(build.facts),
        **{script.file: script.content for script in reversed(build.scripts)},
    }


def _fragments(build: Build) -> Mapping[str, Callable[[Notice, str], str]]:
    """What makes each piece of HTML, by the word in its file name and its marks."""
    found = {"declaration": declaration.html}
    return found | {"choices": choices_page.html} if build.choices else found


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def insert(page: str, name: str, build: Build) -> str:
    """*page* with the declaration, the visitor's choices or both between their marks.

    The marks are `<!-- consent declaration -->` (or `… declaration fr -->` for one of several
    languages) and `<!-- /consent declaration -->`; with `choices` in its place for the choices,
    with `mode` for the inline script of Google Consent Mode.
    *name* is used in errors. Raises: BuilderError without them.
    """
    found = list(_REGION.finditer(page))
    started = len(_START.findall(page))
    if not found or len(found) != started:
        raise BuilderError(
            f"{name}: found {started} opening marks and {len(found)} closed regions, expected a "
            "region from `<!-- consent declaration -->` to `<!-- /consent declaration -->`, "
            "or the same with `choices` or `mode`."
        )
    makers = _fragments(build)

    def fill(region: re.Match[str]) -> str:
        if region["what"] == "mode":
            stub = _stub(build, f"{name}: found the mark `{region[1]}`", page[: region.start()])
            return f"{region[1]}\n{stub}{region['end']}"
        language = region["language"] or build.config.default_language
        if language not in build.config.languages:
            known = ", ".join(build.config.languages)
            raise BuilderError(f'{name}: found a mark for "{language}", expected one of {known}.')
        if region["what"] not in makers:
            raise BuilderError(
                f"{name}: found the mark `{region[1]}`, expected none: without [ledger] there are "
                "no records to show."
            )
        return f"{region[1]}\n{makers[region['what']](build.notice, language)}{region['end']}"

    return _REGION.sub(fill, page)


def _stub(build: Build, found: str, before: str) -> str:
    """The inline script, for a place where nothing that it is for can have run *before* it."""
    google = build.config.signals.google
    if google is None:
        raise BuilderError(f"{found}, expected none: there is no table [signals.google].")
    if _RUNS.search(_COMMENT.sub("", before)):
        raise BuilderError(
            f"{found} behind a script, expected it before every script: what runs earlier is not "
            "told that nothing is granted yet."
        )
    return consent_mode.html(google)


def write(build: Build, out: Path, pages: Iterable[Path] = ()) -> list[Path]:
    """Writes the build into *out* (made when missing) and the marked regions of *pages*.

    Returns: the files written, in order. Raises: BuilderError; then every file is as it was before,
        unless the disk fails between two renames.
    """
    budget.require(build)
    wanted = {out / name: content for name, content in files(build).items()}
    for page in pages:
        wanted[page] = insert(_read(page), str(page), build).encode()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuilderError(f"{out}: cannot be made: {error.strerror}.") from None
    replace(wanted)
    return list(wanted)


def _read(page: Path) -> str:
    try:
        return page.read_bytes().decode()
    except UnicodeDecodeError:
        raise BuilderError(f"{page}: is not UTF-8.") from None
    except OSError as error:
        raise BuilderError(f"{page}: cannot be read: {error.strerror}.") from None


def replace(wanted: Mapping[Path, bytes]) -> None:
    """First writes all contents beside their places, then renames them into place."""
    ready: dict[Path, Path] = {}
    file = Path()
    try:
        for file, content in wanted.items():
            if file.is_dir():
                raise BuilderError(f"{file}: cannot be written: it is a directory.")
            descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".consent-")
            ready[file] = Path(name)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            # The file's own permissions, or those of any new file: a web server must read it.
            mode = file.stat().st_mode & 0o777 if file.exists() else 0o666 & ~_umask()
            ready[file].chmod(mode)
        for file, temporary in list(ready.items()):
            temporary.replace(file)
            del ready[file]
    except OSError as error:
        raise BuilderError(f"{file}: cannot be written: {error.strerror}.") from None
    finally:
        for temporary in ready.values():
            with contextlib.suppress(OSError):
                temporary.unlink()


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
