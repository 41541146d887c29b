"""A sentence of a service is said in the visitor's language, with all that is in it; what is data stays as it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.pages.sentences import recorded, refusal, say
from functions.errors import InvalidSchedule, JobNotFound
from functions.scheduling.backends import choose
from functions.scheduling.cron import Schedule
from functions.settings import from_environment
from functions.text import Text, counted, joined


def test_a_sentence_is_its_english_to_everybody_else() -> None:
    assert Text("%(count)s failures in a row", count=3) == "3 failures in a row"


def test_a_sentence_within_a_sentence_is_said_too() -> None:
    why = Text("the job only runs by hand: %(why)s", why=Text("it has no schedule"))

    assert say(why, "cs") == "úloha se spouští jen ručně: nemá rozvrh"
    assert say(why, "en") == str(why)


def test_a_language_has_its_own_plurals_and_numbers() -> None:
    said = joined("; ", (counted("once", "%(number)s times", number=5), Text("a rule can serve it")))

    assert say(said, "cs") == "5×; stačí na to pravidlo"
    assert say(Text("%(count)s failures in a row", count=1200), "cs") == "selhání v řadě: 1\xa0200"


def test_a_value_is_never_taken_for_a_message() -> None:
    assert say(Text("removed by %(removed_by)s", removed_by="overlap"), "cs") == "smazal(a) overlap"
    assert say("overlap", "cs") == "overlap"


def test_warnings_and_refusals_of_a_schedule_are_said() -> None:
    (warning,) = Schedule.parse("*/7 * * * *").warnings
    with pytest.raises(InvalidSchedule) as refused:
        Schedule.parse("61 * * * *")

    assert say(warning, "cs").startswith("minuty: krok 7 začíná v každé hodině znovu (0, 7, 14, 21, …)")
    assert refusal(refused.value, "", "cs") == "rozvrh '61 * * * *' neplatí: pole minut '61' musí být 0-59"


def test_an_error_that_is_none_of_ours_shows_no_words_of_its_own() -> None:
    assert refusal(KeyError("a password"), "something went wrong", "cs") == "something went wrong"
    assert refusal(JobNotFound(Text("job %(job)s is gone", job="'a'")), "", "cs") == "úloha 'a' už není"


@pytest.mark.parametrize(("text", "jitter", "is_free"), [
    ("0 9 * * *", None, True), ("0 9 * * *", None, False), ("0 9 * * *", timedelta(minutes=5), True),
    ("at(2030-01-01T00:00:00)", None, True),
])  # fmt: skip
def test_why_a_backend_was_chosen_is_known_again_when_it_has_been_stored(
    text: str, jitter: timedelta | None, is_free: bool
) -> None:
    reason = str(
        choose(Schedule.parse(text), jitter, settings=from_environment({"STAGE": "test"}), is_rule_free=is_free)[1]
    )

    assert recorded(reason, "cs") != reason


def test_what_was_recorded_is_said_and_what_a_job_said_is_not() -> None:
    lost = (
        "nothing was recorded until 2026-11-28 10:00:00 UTC: it was killed, timed out, ran out of memory or lost "
        "PostgreSQL; CloudWatch has its last lines"
    )

    assert recorded("cancelled by ada", "cs") == "zrušil(a) ada"
    assert recorded(lost, "cs").startswith("do 2026-11-28 10:00:00 UTC se nic nezapsalo: byl zabit, vypršel mu čas")
    assert recorded("the supplier has a day off", "cs") == "the supplier has a day off"
