# SPDX-License-Identifier: MIT
"""Writes a build: all files or none, and each of them whole."""

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from consent_banner import declaration, report
from consent_banner.build import Build
from consent_banner.config import BuilderError

_REGION = re.compile(
    r"(<!-- consent declaration(?: (?P<language>[A-Za-z0-9-]+))? -->)"
    r".*?(?P<end><!-- /consent declaration -->)",
    re.DOTALL,
)
_START = "<!-- consent declaration"


def files(build: Build) -> dict[str, bytes]:
    """Content of the output directory by file name, in the order of writing.

    The script comes last: once it is there, so is everything that belongs to it.
    """
    return {
        "notice.json": build.notice.canonical,
        "report.json": _json(report.measure(build).document),
        **{
            f"declaration.{language}.html": declaration.html(build.notice, language).encode()
            for language in build.config.languages
        },
        build.hashed_name: build.script,
        "build.json": _json(build.facts),
        "consent.js": build.script,
    }


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def insert(page: str, name: str, build: Build) -> str:
    """*page* with the declaration between its marks; *name* is used in errors.

    The marks are `<!-- consent declaration -->` (or `… declaration fr -->` for one of several
    languages) and `<!-- /consent declaration -->`. Raises: BuilderError without them.
    """
    found = list(_REGION.finditer(page))
    if not found or len(found) != page.count(_START):
        raise BuilderError(
            f"{name}: found {page.count(_START)} opening marks and {len(found)} closed regions, "
            f"expected a region from `{_START} -->` to `<!-- /consent declaration -->`."
        )

    def fill(region: re.Match[str]) -> str:
        language = region["language"] or build.config.default_language
        if language not in build.config.languages:
            known = ", ".join(build.config.languages)
            raise BuilderError(f'{name}: found a mark for "{language}", expected one of {known}.')
        return f"{region[1]}\n{declaration.html(build.notice, language)}{region['end']}"

    return _REGION.sub(fill, page)


def write(build: Build, out: Path, pages: Iterable[Path] = ()) -> list[Path]:
    """Writes the build into *out* (made when missing) and the declaration into *pages*.

    Returns: the files written, in order. Raises: BuilderError; then every file is as it was before,
        unless the disk fails between two renames.
    """
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
