# SPDX-License-Identifier: MIT
"""Holds a notice against the one before: what differs, and whether a `[[change]]` tells it."""

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from consent_banner import rules
from consent_banner.config import BuilderError
from consent_banner.difference import Difference, differences
from consent_banner.notice import Notice
from consent_banner.schema import path, problems

_ENGLISH = "en"
_SHOWN_PROBLEMS = 5


@dataclass(frozen=True)
class Comparison:
    """The notice that is to come held against the one before."""

    before: Notice
    now: Notice
    differences: tuple[Difference, ...]

    @property
    def told(self) -> list[dict[str, Any]]:
        """Changes that are new; each of those before counts once."""
        rest = list(self.before.changes)
        found = []
        for change in self.now.changes:
            if change in rest:
                rest.remove(change)
            else:
                found.append(change)
        return found

    @property
    def lost(self) -> list[dict[str, Any]]:
        """Changes that visitors were told of, and that are told no more or in other words."""
        return [change for change in self.before.changes if change not in self.now.changes]

    @property
    def untold(self) -> list[Difference]:
        """What is significant, when no new change says that anything is."""
        if any(change["significant"] for change in self.told):
            return []
        return [one for one in self.differences if one.significant]


def compare(file: Path, now: Notice) -> Comparison:
    """*now* held against the notice in *file*. Raises: BuilderError."""
    before = read(file)
    if before.site_id != now.site_id:
        found = f'found the notice of site "{before.site_id}"'
        raise BuilderError(f'{file}: {found}, expected one of site "{now.site_id}".')
    return Comparison(before, now, tuple(differences(before, now)))


def read(file: Path) -> Notice:
    """The notice in *file*, or in the notice.json of that directory. Raises: BuilderError."""
    if file.is_dir():
        file /= "notice.json"
    try:
        return Notice.load(json.loads(file.read_bytes()))
    except OSError as error:
        raise BuilderError(f"{file}: cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise BuilderError(f"{file}: is no JSON, expected a notice.json.") from None
    except ValidationError as error:
        found = [f"  {path(place)}: {message}" for place, message in problems(error.messages)]
        more = [f"  and {len(found) - _SHOWN_PROBLEMS} more"] if found[_SHOWN_PROBLEMS:] else []
        lines = [f"{file}: is no notice:", *found[:_SHOWN_PROBLEMS], *more]
        raise BuilderError("\n".join(lines)) from None


def listing(compared: Comparison, name: str) -> str:
    """Every difference on a line of its own, under a line that names the file *name*."""
    if not compared.differences:
        return f"Visitors are told the same as in {name}."
    lines = [f"What visitors are told differs from {name}, of {_updated(compared.before)}:"]
    for one in compared.differences:
        lines.append(f"  {'significant' if one.significant else 'small':11}  {one.text}")
    return "\n".join(lines)


def warnings(compared: Comparison) -> list[str]:
    """What is wrong with how the differences are told, but for what `complaint` says."""
    found = []
    has_to_be_dated = compared.differences and not compared.untold
    if has_to_be_dated and _updated(compared.now) <= _updated(compared.before):
        found.append(
            f"site.updated is {_updated(compared.now)}, and what is told has changed since then"
        )
    for change in compared.lost:
        found.append(
            f"the [[change]] of {change['date']} ({change['cause']}) was told before, and is gone "
            "or altered"
        )
    return found


def _updated(notice: Notice) -> str:
    day: str = notice.document["site"]["updated"]
    return day


def complaint(compared: Comparison, today: date) -> str:
    """Why `untold` must be told, and `[[change]]` tables ready to be pasted: one for each cause."""
    first = _updated(compared.now) > _updated(compared.before)
    day = _updated(compared.now) if first else max(today.isoformat(), _updated(compared.now))
    lines = [
        "something significant has changed, and no new [[change]] with significant = true says so.",
        "Add this to the end of banner.toml, in your own words:",
    ]
    if day != _updated(compared.now):
        lines[-1] = f"Set site.updated = {day}, and {lines[-1][0].lower()}{lines[-1][1:]}"
    for cause in rules.CAUSES:
        texts = [one.text for one in compared.untold if one.cause == cause]
        if texts:
            draft = re.sub('"([^"]*)"', r"“\1”", ". ".join(texts))
            lines += ["", *_table(day, cause, f"{draft}.", compared.now)]
    return "\n".join(lines)


def _table(day: str, cause: str, draft: str, notice: Notice) -> list[str]:
    """A `[[change]]` with the draft; a text that only the owner can write is empty, an error."""
    written = {language: draft if language == _ENGLISH else "" for language in notice.languages}
    text = ", ".join(f"{language} = {_string(words)}" for language, words in written.items())
    hint = [] if _ENGLISH in written else [f"# In English: {draft}"]
    return [
        "[[change]]",
        f"date = {day}",
        f'cause = "{cause}"',
        "significant = true",
        *hint,
        f"text = {{ {text} }}" if len(written) > 1 else f"text = {_string(*written.values())}",
    ]


def _string(text: str) -> str:
    """A basic string of TOML. JSON's is one, as texts have no control characters but line ends."""
    return json.dumps(text, ensure_ascii=False)
