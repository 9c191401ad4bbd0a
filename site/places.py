# SPDX-License-Identifier: MIT
"""The answers of the Meridian API: time zones and distances of a few well-known places."""

import csv
import io
import json
import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG


@dataclass(frozen=True)
class Place:
    """A place with its position in degrees, north and east positive."""

    name: str
    country: str
    latitude: float
    longitude: float
    zone: str


PLACES = (
    Place("Anchorage", "United States", 61.22, -149.90, "America/Anchorage"),
    Place("Auckland", "New Zealand", -36.85, 174.76, "Pacific/Auckland"),
    Place("Bogotá", "Colombia", 4.71, -74.07, "America/Bogota"),
    Place("Buenos Aires", "Argentina", -34.60, -58.38, "America/Argentina/Buenos_Aires"),
    Place("Cairo", "Egypt", 30.04, 31.24, "Africa/Cairo"),
    Place("Cape Town", "South Africa", -33.92, 18.42, "Africa/Johannesburg"),
    Place("Dublin", "Ireland", 53.35, -6.26, "Europe/Dublin"),
    Place("Honolulu", "United States", 21.31, -157.86, "Pacific/Honolulu"),
    Place("Istanbul", "Türkiye", 41.01, 28.98, "Europe/Istanbul"),
    Place("Kathmandu", "Nepal", 27.72, 85.32, "Asia/Kathmandu"),
    Place("Lagos", "Nigeria", 6.52, 3.38, "Africa/Lagos"),
    Place("Lisbon", "Portugal", 38.72, -9.14, "Europe/Lisbon"),
    Place("Mexico City", "Mexico", 19.43, -99.13, "America/Mexico_City"),
    Place("Mumbai", "India", 19.08, 72.88, "Asia/Kolkata"),
    Place("Nairobi", "Kenya", -1.29, 36.82, "Africa/Nairobi"),
    Place("New York", "United States", 40.71, -74.01, "America/New_York"),
    Place("Paris", "France", 48.86, 2.35, "Europe/Paris"),
    Place("Reykjavík", "Iceland", 64.15, -21.94, "Atlantic/Reykjavik"),
    Place("São Paulo", "Brazil", -23.55, -46.63, "America/Sao_Paulo"),
    Place("Singapore", "Singapore", 1.35, 103.82, "Asia/Singapore"),
    Place("Sydney", "Australia", -33.87, 151.21, "Australia/Sydney"),
    Place("Tokyo", "Japan", 35.68, 139.69, "Asia/Tokyo"),
    Place("Vancouver", "Canada", 49.28, -123.12, "America/Vancouver"),
)


class ApiError(Exception):
    """A request that the API refuses, with its HTTP status and a sentence for the caller."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail


def _plain(name: str) -> str:
    """*name* without accents and case, so that "sao paulo" finds "São Paulo"."""
    split = unicodedata.normalize("NFKD", name.strip())
    return "".join(c for c in split if not unicodedata.combining(c)).casefold()


_BY_NAME = {_plain(place.name): place for place in PLACES}


def _place(query: Mapping[str, str], field: str) -> Place:
    asked = query.get(field, "")
    if not asked:
        raise ApiError(400, "Bad request", f"{field} is missing: give the name of a place")
    found = _BY_NAME.get(_plain(asked))
    if found is None:
        raise ApiError(
            404, "Place not found", f"{field} is {asked[:40]!r}, which is not a known place"
        )
    return found


def time_zone(query: Mapping[str, str], version: str, now: datetime | None = None) -> dict:
    """Local time and offset of `place`; v1 gives the offset in minutes, v2 as +HH:MM."""
    place = _place(query, "place")
    try:
        local = (now or datetime.now(UTC)).astimezone(ZoneInfo(place.zone))
    except ZoneInfoNotFoundError:
        raise ApiError(
            503, "No time zones", "This machine has no time zone database (Debian: tzdata)"
        ) from None
    offset = local.utcoffset()
    assert offset is not None, "time_zone: an aware time has an offset"
    answer = {
        "place": place.name,
        "zone": place.zone,
        "local_time": local.isoformat(" ", "minutes")[:16],
    }
    if version == "v1":
        return answer | {"offset_minutes": int(offset.total_seconds() // 60)}
    return answer | {
        "country": place.country,
        "utc_offset": local.strftime("%z")[:3] + ":" + local.strftime("%z")[3:],
    }


def distance(query: Mapping[str, str], version: str) -> dict:
    """Great-circle distance from `from` to `to`; v1 in metres, v2 in kilometres."""
    start, end = _place(query, "from"), _place(query, "to")
    a, b = math.radians(start.latitude), math.radians(end.latitude)
    across = math.radians(end.longitude - start.longitude)
    # Haversine formula: exact enough for near and far places alike.
    h = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(across / 2) ** 2
    km = 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, h)))
    answer = {"from": start.name, "to": end.name}
    return answer | ({"metres": round(km * 1000)} if version == "v1" else {"kilometres": round(km)})


def places(query: Mapping[str, str], version: str) -> dict:
    """Names of the known places that begin with `q`; all of them without it."""
    begin = _plain(query.get("q", ""))
    return {"places": [p.name for key, p in sorted(_BY_NAME.items()) if key.startswith(begin)]}


ENDPOINTS: dict[str, Callable[..., dict]] = {
    "time-zone": time_zone,
    "distance": distance,
    "places": places,
}
VERSIONS = ("v1", "v2")
FORMATS = ("json", "csv")


def answer(path: str, query: Mapping[str, str]) -> tuple[str, bytes]:
    """Content type and body for /api/<version>/<endpoint>.

    Raises: ApiError for anything that is not offered.
    """
    version, _, endpoint = path.removeprefix("/api/").partition("/")
    if version not in VERSIONS or endpoint not in ENDPOINTS:
        offered = ", ".join(f"/api/v2/{name}" for name in ENDPOINTS)
        raise ApiError(404, "Not found", f"{path[:60]} is not offered; there are {offered}")
    form = query.get("format", "json")
    if form not in FORMATS:
        raise ApiError(400, "Bad request", f"format is {form[:20]!r}, expected json or csv")
    result = ENDPOINTS[endpoint](query, version)
    if form == "json":
        return "application/json; charset=utf-8", json.dumps(
            result, ensure_ascii=False, indent=2
        ).encode()
    rows = [result] if endpoint != "places" else [{"place": name} for name in result["places"]]
    text = io.StringIO()
    table = csv.DictWriter(
        text, fieldnames=list(rows[0]) if rows else ["place"], lineterminator="\n"
    )
    table.writeheader()
    table.writerows(rows)
    return "text/csv; charset=utf-8", text.getvalue().encode()
