# SPDX-License-Identifier: MIT
"""Which translations a native speaker has read, in which words, and how a reading is noted.

`python -m consent_banner.review fr "Name of the reader"` notes it in reviewed.json, with the hash
of the texts as they were read: when one changes, the language is an unreviewed one again.
"""

import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from consent_banner import canonical, locales
from consent_banner.config import BannerConfig, BuilderError

FILE = Path(__file__).parent / "reviewed.json"


def fingerprint(language: str) -> str:
    """SHA-256 (hex) of the texts that come with the product in *language*."""
    return hashlib.sha256(canonical.dumps(dict(locales.builtin(language)))).hexdigest()


def is_reviewed(language: str, file: Path = FILE) -> bool:
    """Whether a native speaker has read these texts of a shipped language; the reference is one."""
    noted = json.loads(file.read_bytes()).get(language, {})
    return language == locales.REFERENCE or noted.get("texts") == fingerprint(language)


def unreviewed(config: BannerConfig) -> tuple[str, ...]:
    """The languages of a site in which visitors may read a text that nobody has reviewed.

    A language in which the owner gives every text is the owner's own.
    """
    found = []
    for language in config.languages:
        source = locales.source(language)
        own = config.texts.get(language, {}).keys()
        if source and not is_reviewed(source) and not locales.text_keys() <= own:
            found.append(language)
    return tuple(found)


def note(language: str, reader: str, file: Path = FILE) -> None:
    """Notes in *file* that *reader* has read the texts of *language* as they are today.

    Raises: BuilderError for a language that is not a shipped translation.
    """
    translations = locales.shipped()[1:]
    if language not in translations:
        known = ", ".join(translations)
        raise BuilderError(f'Found "{language}", expected one of the translations: {known}.')
    noted = json.loads(file.read_bytes())
    day = datetime.now(UTC).date().isoformat()
    noted[language] = {"by": reader, "on": day, "texts": fingerprint(language)}
    text = json.dumps(noted, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    file.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Notes a reading, or says what is wrong. Returns: the exit status."""
    if len(arguments) != 2:
        sys.stderr.write('Usage: python -m consent_banner.review LANGUAGE "READER"\n')
        return 2
    language, reader = arguments
    try:
        note(language, reader)
    except BuilderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
