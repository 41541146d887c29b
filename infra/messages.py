"""`scripts/messages`: what the pages say, against the catalogues that translate it."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

_PROJECT = Path(__file__).resolve().parent.parent
_PAGES = _PROJECT / "admin_api" / "chalicelib"
# Where the pages' texts are written: theirs, and the sentences of what the admin API shares with jobs.
_SOURCES = (_PAGES, _PROJECT / "functions")
_LOCALES = _PAGES / "locales"
# As environment.py makes its environment: what a {% trans %} says depends on it.
_TEMPLATES = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false", "encoding": "utf-8"}
_METHODS = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "Text": None, "counted": (1, 2),
}  # fmt: skip
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
_STRAY_PERCENT = re.compile(r"(?<!%)(?:%%)*%(?!%|\(\w+\)[sd])")

# A message, or its singular and plural.
Id = str | tuple[str, str]


@dataclass(frozen=True)
class Faults:
    """What is wrong with a catalogue, by message."""

    missing: list[Id]
    unused: list[Id]
    fuzzy: list[Id]
    wrongly_held: list[Id]

    def __bool__(self) -> bool:
        return any((self.missing, self.unused, self.fuzzy, self.wrongly_held))


def said() -> Mapping[Id, list[str]]:
    """Every message of templates and code, and the files it stands in."""
    found: dict[Id, list[str]] = {}
    rows = (
        row
        for folder in _SOURCES
        for row in extract_from_dir(
            folder, method_map=_METHODS, options_map={"templates/**.html": _TEMPLATES}, keywords=_KEYWORDS
        )
    )
    for file, _, message, _, _ in rows:
        key = (message[0], message[1]) if isinstance(message, tuple | list) else message
        files = found.setdefault(key, [])
        if file not in files:
            files.append(file)
    return found


def half_percents() -> list[Id]:
    """Messages of templates with a % that stands alone: Jinja2 formats every message, so one is written %%."""
    found = said().items()
    return [each for each, files in found if any(map(_is_template, files)) and _STRAY_PERCENT.search("".join(each))]


def languages() -> list[str]:
    """Those with a catalogue."""
    return sorted(folder.parent.name for folder in _LOCALES.glob("*/messages.po"))


def catalogue(language: str) -> Catalog:
    """As it stands in its file. Raises babel's PoFileError for one that cannot be read."""
    with _path(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def faults(language: str) -> Faults:
    """All there is to do about a language."""
    wanted, known = said(), {_id(each): each for each in _messages(catalogue(language))}
    return Faults(
        missing=[each for each in wanted if each not in known or not _is_translated(known[each])],
        unused=[each for each in known if each not in wanted],
        fuzzy=[each for each, message in known.items() if message.fuzzy],
        wrongly_held=[
            each for each, message in known.items() if _is_translated(message) and not holds(each, _strings(message))
        ],
    )


def update(language: str) -> tuple[int, int]:
    """Add what is said and not in the catalogue, take out what nobody says; how many of each."""
    wanted, before = said(), catalogue(language)
    known = {_id(each): each for each in _messages(before)}
    after = Catalog(locale=language, charset="utf-8", header_comment=before.header_comment, fuzzy=False)
    for each in sorted(wanted, key=str):
        message = known.get(each)
        string = message.string if message is not None else None
        after.add(each, string, user_comments=message.user_comments if message is not None else ())
    with _path(language).open("wb") as file:
        _write(file, after)
    return len(set(wanted) - set(known)), len(set(known) - set(wanted))


def main() -> int:
    """Bring the catalogues up to date, or check them; 1 when something is left to translate."""
    parser = argparse.ArgumentParser(
        prog="scripts/messages",
        description="Brings admin_api/chalicelib/locales/*/messages.po up to date with what the pages say: adds new "
        "messages without a translation, takes out what nobody says any more, and lists what is left to translate.",
    )
    parser.add_argument("--check", action="store_true", help="change nothing; only say what is wrong")
    parser.add_argument("--add", metavar="LANGUAGE", help="begin a catalogue for another language, such as de")
    options = parser.parse_args()
    if options.add:
        _begin(options.add)
    return max([_tend(language, is_check=options.check) for language in languages()], default=0)


def _begin(language: str) -> None:
    path = _path(language)
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        with path.open("wb") as file:
            _write(file, Catalog(locale=language, charset="utf-8", header_comment="", fuzzy=False))


def _tend(language: str, *, is_check: bool) -> int:
    if not is_check:
        added, removed = update(language)
        print(f"{language}: {added} added, {removed} taken out")
    found = faults(language)
    for name, ids in vars(found).items():
        for each in ids:
            print(f"{language}: {name.replace('_', ' ')}: {each}")
    total = len(said())
    print(f"{language}: {total - len(found.missing)} of {total} messages are translated")
    return 1 if found else 0


def _write(file: IO[bytes], messages: Catalog) -> None:
    """Neither dates nor places: two branches that add messages are to meet in these only."""
    comment = "".join(f"{line}\n" for line in messages.header_comment.splitlines())
    head = (
        f'{comment}msgid ""\nmsgstr ""\n"Language: {messages.locale_identifier}\\n"\n'
        f'"Plural-Forms: {messages.plural_forms}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    )
    file.write(head.encode())
    write_po(file, messages, width=0, no_location=True, omit_header=True)


def _messages(messages: Catalog) -> Iterator[Message]:
    return (each for each in messages if each.id)


def _id(message: Message) -> Id:
    return message.id if isinstance(message.id, str) else (message.id[0], message.id[1])


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string or "",) if isinstance(message.string, str | None) else tuple(message.string)


def _is_translated(message: Message) -> bool:
    return all(_strings(message))


def holds(original: Id, translated: str | tuple[str, ...]) -> bool:
    """Whether each form says the values its original says; the form for one may do without the number."""
    ids = (original,) if isinstance(original, str) else original
    strings = (translated,) if isinstance(translated, str) else translated
    wanted, fewest = set(_PLACEHOLDER.findall(ids[-1])), set(_PLACEHOLDER.findall(ids[0]))
    is_formatted = bool(wanted) or "%%" in ids[0]
    for number, string in enumerate(strings):
        held = set(_PLACEHOLDER.findall(string))
        if not (fewest if number == 0 else wanted) <= held <= wanted or (
            is_formatted and _STRAY_PERCENT.search(string)
        ):
            return False
    return True


def _is_template(file: str) -> bool:
    return file.endswith(".html")


def _path(language: str) -> Path:
    return _LOCALES / language / "messages.po"


if __name__ == "__main__":
    sys.exit(main())
