"""What pages say, by language: English stands in code and templates, every other one is a catalogue in locales/."""

from __future__ import annotations

from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

_FOLDER = Path(__file__).parent.parent / "locales"
# To add one is to add its folder.
LANGUAGES = ("en", *sorted(folder.parent.name for folder in _FOLDER.glob("*/messages.po")))


@cache
def own_name(language: str) -> str:
    """What the language calls itself."""
    from babel import Locale

    return str(Locale(language).get_display_name(language)).capitalize()


@cache
def translations(language: str) -> NullTranslations:
    """The translations of a language; English needs none.

    The catalogue is read as people write it (.po), so that no compiled twin of it can be older than it is.
    """
    path = _FOLDER / language / "messages.po"
    if not path.is_file():
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po
    from babel.support import Translations

    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)
