# SPDX-License-Identifier: MIT
"""The settings table: each has a name, a type, a default and a sentence; values come from flags,
then from CONSENT_LEDGER_* in the environment, then from the default."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from consent_ledger.errors import SetupError

PREFIX = "CONSENT_LEDGER_"
MAX_LOG_NAME = 300  # so that the journal has room for every origin that begins with it

Reader = Callable[[str], Any]


def _integer(low: int, high: int) -> Reader:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return read


def _path(text: str) -> Path:
    if not text:
        raise ValueError("a path")
    return Path(text)


def _host(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.:-]{1,253}", text):
        raise ValueError("an address or host name without a port")
    return text


def _log_name(text: str) -> str:
    """C2SP checkpoint origins are URLs without a scheme; space or `+` would break signed notes."""
    host = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
    pattern = host + r"(:[0-9]{1,5})?(/[a-z0-9._-]+)*"
    if len(text) > MAX_LOG_NAME or not re.fullmatch(pattern, text):
        raise ValueError(
            f"a name such as ledger.example.com, without a scheme, of at most {MAX_LOG_NAME} "
            "characters"
        )
    return text


def _rate(text: str) -> str:
    from limits import parse_many  # only needed where a rate is set, and slow to import

    try:
        limits = parse_many(text)
    except ValueError:
        limits = []
    if not limits or any(limit.amount < 1 for limit in limits):
        raise ValueError('a rate such as "120/minute"')
    return text


def _level(text: str) -> str:
    levels = ("debug", "info", "warning", "error")
    if text.lower() not in levels:
        raise ValueError("one of " + ", ".join(levels))
    return text.lower()


def _secret(text: str) -> str:
    if not re.fullmatch(r"[!-~]{1,200}", text):
        raise ValueError("a key as `consent-ledger key issue` printed it")
    return text


def _about(read: Reader, sentence: str, *, secret: bool = False) -> dict[str, Any]:
    return {"read": read, "about": sentence, "secret": secret}


@dataclass(frozen=True)
class Settings:
    """Everything an operator can set. Units are in the names or in the sentences."""

    data: Path = field(
        default=Path("ledger-data"),
        metadata=_about(_path, "Directory of the database; `init` makes it, for this user only."),
    )
    host: str = field(default="127.0.0.1", metadata=_about(_host, "Address to listen on."))
    port: int = field(default=8470, metadata=_about(_integer(1, 65535), "Port to listen on."))
    threads: int = field(
        default=32, metadata=_about(_integer(1, 512), "Requests answered at the same time.")
    )
    log_name: str = field(
        default="ledger.localhost",
        metadata=_about(
            _log_name,
            "First part of every log's origin, used by `init` and stored: "
            "a public name that stays, such as ledger.example.com.",
        ),
    )
    trusted_proxies: int = field(
        default=0,
        metadata=_about(
            _integer(0, 8),
            "Reverse proxies in front, each adding to X-Forwarded-For; with 0 it is ignored.",
        ),
    )
    body_limit: int = field(
        default=65_536,
        metadata=_about(_integer(1024, 16_777_216), "Largest body of a decision, in bytes."),
    )
    notice_limit: int = field(
        default=1_048_576,
        metadata=_about(_integer(1024, 67_108_864), "Largest body of a publication, in bytes."),
    )
    deadline_s: int = field(
        default=10,
        metadata=_about(
            _integer(1, 120), "Seconds after which a request that waits for the disk answers 503."
        ),
    )
    checkpoint_interval: int = field(
        default=60,
        metadata=_about(
            _integer(0, 3600),
            "Least seconds between two published checkpoints, so that they do not show the "
            "second of each visit.",
        ),
    )
    announce_after: int = field(
        default=3600,
        metadata=_about(
            _integer(1, 86_400),
            "Seconds for which erasures are gathered before an entry of the log accounts for them; "
            "a bundle for an auditor accounts for them before.",
        ),
    )
    purge_interval: int = field(
        default=3600,
        metadata=_about(
            _integer(1, 604_800),
            "Seconds between two looks for records that passed the time for which their site "
            "keeps them.",
        ),
    )
    limit_record: str = field(
        default="120/minute", metadata=_about(_rate, "Decisions recorded, per address and site.")
    )
    limit_read: str = field(
        default="300/minute",
        metadata=_about(_rate, "Preferences, history and notices read, per address and site."),
    )
    limit_log: str = field(
        default="3000/minute",
        metadata=_about(_rate, "Checkpoints, tiles and proofs read, per address and log."),
    )
    limit_publish: str = field(
        default="30/minute", metadata=_about(_rate, "Publications, per address and site.")
    )
    limit_erase: str = field(
        default="30/minute", metadata=_about(_rate, "Erasures, per address and site.")
    )
    limit_export: str = field(default="10/minute", metadata=_about(_rate, "Exports, per API key."))
    limit_health: str = field(
        default="600/minute", metadata=_about(_rate, "Health checks, per address.")
    )
    log_level: str = field(
        default="info",
        metadata=_about(_level, "Least level that is logged: debug, info, warning or error."),
    )
    key: str | None = field(
        default=None,
        repr=False,
        metadata=_about(
            _secret, "API key for `publish --to` and `export --from-url`.", secret=True
        ),
    )

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, **flags: Any) -> "Settings":
        """Settings from *flags* that are not None, then the environment, then the defaults.

        A secret may stand in a file that CONSENT_LEDGER_<NAME>_FILE names.
        Raises: SetupError naming the variable, what was found and what was expected.
        """
        environment = os.environ if environment is None else environment
        known = {PREFIX + item.name.upper(): item for item in fields(cls)}
        known_files = {
            name + "_FILE": item for name, item in known.items() if item.metadata["secret"]
        }
        values: dict[str, Any] = {}
        for name, text in environment.items():
            if name in known:
                values[known[name].name] = _read(name, text, known[name].metadata)
            elif name in known_files:
                item = known_files[name]
                values.setdefault(item.name, _read(name, _from_file(name, text), item.metadata))
            elif name.startswith(PREFIX):
                raise SetupError(
                    f"{name} is set, but there is no such setting; expected one of "
                    + ", ".join(sorted({*known, *known_files}))
                )
        for flag, value in flags.items():
            if value is not None:
                values[flag] = _read("--" + flag.replace("_", "-"), str(value), cls.about(flag))
        return cls(**values)

    @classmethod
    def about(cls, name: str) -> Mapping[str, Any]:
        """How the setting *name* is read, and what it is for."""
        return next(item.metadata for item in fields(cls) if item.name == name)


def _read(name: str, text: str, about: Mapping[str, Any]) -> Any:
    try:
        return about["read"](text)
    except ValueError as error:
        found = "a secret of another shape" if about["secret"] else repr(text)
        raise SetupError(f"{name} is {found}, expected {error}") from None


def _from_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SetupError(f"{name} names {path}, which cannot be read: {reason}") from None
