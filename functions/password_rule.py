"""Which passwords are taken: long ones that are not guessed first; what they are made of is nobody's business."""

from __future__ import annotations

from itertools import pairwise

from functions.errors import InvalidUser
from functions.text import Text

# NIST SP 800-63B, "Memorized Secret Verifiers": a length, no rules of composition, no expiry, and nothing expected or
# repetitive. The upper bound is far above any sentence and keeps a request from costing what it likes.
SHORTEST, LONGEST = 12, 1_000
# What is left of a password without them must still be worth guessing.
_EXPECTED = (
    "administrator", "lamplighter", "changeme", "password", "iloveyou", "letmein", "welcome", "qwertyuiop", "qwerty",
    "secret", "admin", "1234567890", "123456", "1234",
)  # fmt: skip
_LEFT, _DISTINCT = 6, 5


def check(password: str, *, name: str) -> None:
    """Raise InvalidUser, which never shows it, unless this may be the password of the user of this name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidUser(
            Text(
                "the password has %(count)s characters: use %(shortest)s to %(longest)s, any you like",
                count=len(password),
                shortest=SHORTEST,
                longest=LONGEST,
            )
        )
    if "\x00" in password or not _is_unicode(password):
        raise InvalidUser(Text("the password has a character that cannot be sent or stored: use any others"))
    left = password.lower()
    for word in (name.lower(), *_EXPECTED):
        left = left.replace(word, "")
    if len(left) < _LEFT or len(set(left)) < _DISTINCT or _is_sequence(left):
        raise InvalidUser(
            Text(
                "the password is guessed first: it is little more than the user's name, a common word, or the "
                "same characters again; use a few words that do not belong together"
            )
        )


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= each <= "\udfff" for each in text)


def _is_sequence(text: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return steps <= {1} or steps <= {-1}
