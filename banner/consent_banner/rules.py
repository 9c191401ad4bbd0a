# SPDX-License-Identifier: MIT
"""What ids, languages, addresses and names look like; shared by `banner.toml` and the notice."""

import re
from datetime import date
from urllib.parse import urlsplit

SITE_ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
TEXT_KEY = re.compile(r"[a-z][A-Za-z0-9]{0,63}")
HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
COOKIE_NAME = re.compile(r"[A-Za-z0-9!#$%&'+.^_`|~-]{1,128}\*?")
STORAGE_KEY = re.compile(r"[!-)+-~]{1,128}\*?")
EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_PATH = re.compile(r"/(?!/)[!#-;=?-\[\]_a-~]*")
_URL = re.compile(r"https?://[!#-;=?-\[\]_a-~]+")

_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ
BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM
DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS
GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
VN VU WF WS YE YT ZA ZM ZW
"""
_COUNTRIES = frozenset(_CODES.split())
"""ISO 3166-1 alpha-2; "EU" and "UK" are not among them."""
_SUBDIVISION = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}")

KINDS = ("cookie", "local", "session", "third-party")
STATUSES = ("active", "planned")
CAUSES = ("use", "third_party", "regulatory", "technical")
"""Why what visitors are told changes."""
MIN_LIFETIME_DAYS, MAX_LIFETIME_DAYS = 180, 400
MAX_DURATION_DAYS = 400
MAX_TEXT = 4000
MIN_BUDGET_BYTES, MAX_BUDGET_BYTES = 1000, 1_000_000


def is_site_id(value: object) -> bool:
    return isinstance(value, str) and SITE_ID.fullmatch(value) is not None


def is_id(value: object) -> bool:
    return isinstance(value, str) and ID.fullmatch(value) is not None


def is_language(value: object) -> bool:
    return isinstance(value, str) and LANGUAGE.fullmatch(value) is not None


def is_text(value: object) -> bool:
    """Words for people: not blank, at most 4000 characters, no control characters but line ends."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= MAX_TEXT
        and not value.isspace()
        and not any(
            (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000
            for c in value
        )
    )


def is_date(value: object) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_url(value: object) -> bool:
    """An http or https address with a host and no user information."""
    if not isinstance(value, str) or len(value) > 2000 or not _URL.fullmatch(value):
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and "@" not in parts.netloc and port != 0


def is_page(value: object) -> bool:
    """An absolute path on the site, or a URL."""
    if is_url(value):
        return True
    return isinstance(value, str) and len(value) <= 2000 and _PATH.fullmatch(value) is not None


def is_report_address(value: object) -> bool:
    """A page that reports go to, without characters that mean more in a policy or server's file."""
    return is_page(value) and re.fullmatch(r"[A-Za-z0-9:/._~?&=-]+", str(value)) is not None


def is_contact(value: object) -> bool:
    return is_url(value) or (isinstance(value, str) and EMAIL.fullmatch(value) is not None)


def is_host(value: object) -> bool:
    return isinstance(value, str) and HOST.fullmatch(value) is not None


def is_origin(value: object) -> bool:
    """What a browser sends as `Origin`: scheme, lower-case host, port unless the scheme's own."""
    if not is_url(value):
        return False
    parts = urlsplit(str(value))
    default = {"http": 80, "https": 443}[parts.scheme]
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return is_host(parts.hostname) and value == f"{parts.scheme}://{parts.hostname}{port}"


def is_local_host(host: str) -> bool:
    """A name that browsers never look up: plain http to it leaves no machine."""
    return host in ("localhost", "127.0.0.1") or host.endswith(".localhost")


def is_base_url(value: object) -> bool:
    """A URL that paths can be appended to: no query, no fragment, no slash at its end."""
    return is_url(value) and isinstance(value, str) and not re.search(r"[?#]|/$", value)


def is_stored_name(value: object, kind: object) -> bool:
    """The name of a cookie or storage key; a `*` only at its end, after at least one character."""
    pattern = STORAGE_KEY if kind in ("local", "session") else COOKIE_NAME
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def is_duration(value: object) -> bool:
    if isinstance(value, str):
        return value in ("session", "until-deleted")
    return (
        isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_DURATION_DAYS
    )


def is_budget(value: object) -> bool:
    return (
        isinstance(value, int)
        and not isinstance(value, bool)
        and MIN_BUDGET_BYTES <= value <= MAX_BUDGET_BYTES
    )


def is_region(value: object) -> bool:
    """A country of ISO 3166-1 such as `DE`, or one of its parts (ISO 3166-2) such as `US-CA`."""
    if not isinstance(value, str):
        return False
    part = _SUBDIVISION.fullmatch(value)
    return (part[1] if part else value) in _COUNTRIES
