# SPDX-License-Identifier: MIT
"""What differs between two notices in the eyes of a visitor, and whether it matters to them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from consent_banner.notice import Notice

_SHOWN_VALUE = 60


@dataclass(frozen=True)
class Difference:
    """One thing that differs: a sentence without its full stop, why, and whether it matters.

    `cause` is one of `rules.CAUSES`; nobody but the owner can know that the cause is a law.
    Significant: visitors are asked for something, or something else happens without a question.
    """

    cause: str
    significant: bool
    text: str


def differences(old: Notice, new: Notice) -> list[Difference]:
    """All that differs, what is significant first, but for `changes`, which tell of it."""
    before, now = old.document, new.document
    found = [
        *_site(before, now),
        *_categories(before, now),
        *_services(before, now),
        *_texts(before, now),
    ]
    return sorted(found, key=lambda one: not one.significant)


def _site(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for table, key, cause, significant, what in (
        ("controller", "name", "use", True, "who decides about the data"),
        ("controller", "address", "use", False, "the controller's address"),
        ("site", "name", "technical", False, "the site's name"),
        ("site", "cookies_policy", "technical", False, "the address of the cookies policy"),
        ("site", "privacy_policy", "technical", False, "the address of the privacy policy"),
    ):
        if before[table][key] != now[table][key]:
            yield Difference(cause, significant, _was(what, before[table][key], now[table][key]))
    for key in sorted(before["contacts"].keys() | now["contacts"].keys()):
        one, other = before["contacts"].get(key), now["contacts"].get(key)
        if one != other:
            yield Difference("technical", False, _was(f"the contact {key}", one, other))
    if before["ledger"] != now["ledger"]:
        # From then on a record of each choice leaves the browser.
        begins = before["ledger"] is None
        text = _was("the ledger that records choices", before["ledger"], now["ledger"])
        yield Difference("use" if begins else "technical", begins, text)
    for language in sorted({*before["languages"]} ^ {*now["languages"]}):
        verb = "is new" if language in now["languages"] else "is gone"
        yield Difference("technical", False, f'the language "{language}" {verb}')


def _categories(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    old = {category["id"]: category for category in before["categories"]}
    for category in now["categories"]:
        was = old.get(category["id"])
        if was is None:
            continue  # Its services are what visitors are asked for, and they are new or moved.
        for key in ("title", "purpose"):
            what = f'category "{category["id"]}": {key}'
            for _, text in _changed_texts(what, was[key], category[key]):
                yield Difference("use", False, text)


@dataclass(frozen=True)
class _Placed:
    """A service and the category that it stands in."""

    category: Mapping[str, Any]
    service: Mapping[str, Any]

    @property
    def is_asked(self) -> bool:
        return self.service["asks"] is not None

    @property
    def runs(self) -> bool:
        active: bool = self.service["status"] == "active"
        return active

    def cause(self, controller: str) -> str:
        """Why a change of it is a change."""
        return "use" if self.service["provider"] == controller else "third_party"


def _placed(document: Mapping[str, Any]) -> dict[str, _Placed]:
    return {
        service["id"]: _Placed(category, service)
        for category in document["categories"]
        for service in category["services"]
    }


def _services(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    old, new = _placed(before), _placed(now)
    language = now["default_language"]
    for name, placed in new.items():
        was = old.get(name)
        cause = placed.cause(now["controller"]["name"])
        if was is not None and was.runs == placed.runs:
            yield from _compared(f'service "{name}"', was, placed, language, cause)
        elif placed.runs:
            how = "visitors are asked for it" if placed.is_asked else "it is always on"
            verb = "is new" if was is None else "is in use now"
            text = f'{_titled(placed, language)} {verb} in "{placed.category["id"]}": {how}'
            yield Difference(cause, True, text)
        else:
            verb = "is planned" if was is None else "is out of use for now"
            yield Difference(cause, False, f"{_titled(placed, language)} {verb}")
    for name, was in old.items():
        if name not in new:
            cause = was.cause(before["controller"]["name"])
            yield Difference(cause, False, f"{_titled(was, before['default_language'])} is gone")


def _titled(placed: _Placed, language: str) -> str:
    service = placed.service
    return f'service "{service["id"]}" ({service["name"][language]}, {service["provider"]})'


def _compared(
    what: str, was: _Placed, now: _Placed, language: str, cause: str
) -> Iterator[Difference]:
    """Differences of a service that both notices have, in use or planned in both."""
    old, new = was.service, now.service
    # Between two that are not asked for there is nothing to ask again.
    is_new_question = now.is_asked and old["asks"] != new["asks"]
    then = ": visitors are asked again" if is_new_question else ""
    found: list[Difference] = []

    def add(cause: str, significant: bool, text: str) -> None:
        found.append(Difference(cause, significant, text + then if significant else text))

    if now.runs and was.is_asked != now.is_asked:
        how = "visitors are asked for it" if now.is_asked else "it is not asked for any more"
        found.append(Difference("use", True, f"{what} was {_mode(was)}, now {_mode(now)}: {how}"))
    elif was.category["id"] != now.category["id"]:
        add("use", now.is_asked, _was(f"{what}: category", was.category["id"], now.category["id"]))
    if old["provider"] != new["provider"]:
        text = _was(f"{what}: provider", old["provider"], new["provider"])
        add("third_party", now.runs, text)
    if old["sale_or_share"] != new["sale_or_share"]:
        verb = "sells or shares" if new["sale_or_share"] else "no longer sells or shares"
        add(cause, now.runs, f"{what} {verb} personal data")
    for key, why in (("purpose", "use"), ("reason", "use"), ("name", "technical")):
        for spoken, text in _changed_texts(f"{what}: {key}", old[key] or {}, new[key] or {}):
            # The asks revision is made of the default language's words.
            add(why, key == "purpose" and spoken == language and now.runs, text)
    if is_new_question and was.is_asked and not any(one.significant for one in found):
        add("use", True, f"{what} is asked for in another language")
    if old["policy"] != new["policy"]:
        add("technical", False, _was(f"{what}: policy", old["policy"], new["policy"]))
    yield from found
    yield from _cookies(what, old["cookies"], new["cookies"])


def _mode(placed: _Placed) -> str:
    return "asked for" if placed.is_asked else "always on"


def _cookies(what: str, old: list[Any], new: list[Any]) -> Iterator[Difference]:
    def listed(cookies: list[Any]) -> dict[tuple[str, str, str], Any]:
        return {
            (cookie["name"], cookie["kind"], cookie["domain"] or ""): cookie["duration"]
            for cookie in cookies
        }

    before, now = listed(old), listed(new)
    for key in [*now, *(key for key in before if key not in now)]:
        name, kind, domain = key
        where = f'"{name}" ({kind}{" of " + domain if domain else ""})'
        if key not in before:
            yield Difference("technical", False, f"{what} keeps {where}, which is new")
        elif key not in now:
            yield Difference("technical", False, f"{what} no longer keeps {where}")
        elif before[key] != now[key]:
            text = f"{what} keeps {where} for {_time(now[key])}, before for {_time(before[key])}"
            yield Difference("technical", False, text)


def _time(duration: str | int) -> str:
    if isinstance(duration, int):
        return "1 day" if duration == 1 else f"{duration} days"
    return {"session": "the session", "until-deleted": "as long as nobody deletes it"}[duration]


def _texts(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for language in now["languages"]:
        old, new = before["texts"].get(language), now["texts"][language]
        if old is None:
            continue
        keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        if keys:
            shown = ", ".join(keys[:5]) + (f" and {len(keys) - 5} more" if len(keys) > 5 else "")
            yield Difference("technical", False, f'texts in "{language}": {shown}')


def _changed_texts(
    what: str, old: Mapping[str, str], new: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Language and sentence for each language that both have, in other words."""
    for language, text in new.items():
        if language in old and old[language] != text:
            yield language, _was(f'{what} in "{language}"', old[language], text)


def _was(what: str, old: object, new: object) -> str:
    return f"{what} is {_value(new)}, before {_value(old)}"


def _value(value: object) -> str:
    if value is None:
        return "none"
    text = " ".join(str(value).split())
    return f'"{text}"' if len(text) <= _SHOWN_VALUE else f'"{text[: _SHOWN_VALUE - 1]}…"'
