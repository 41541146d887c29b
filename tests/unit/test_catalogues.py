"""What the pages say is said in every language: nothing is missing, left over, doubtful or says other values."""

from __future__ import annotations

import pytest

from infra import messages


def test_templates_and_code_say_something() -> None:
    assert {"Jobs", "Trigger now", "succeeded"} <= messages.said().keys()
    assert any(isinstance(each, tuple) for each in messages.said())


def test_there_is_czech() -> None:
    assert "cs" in messages.languages()


@pytest.mark.parametrize("language", messages.languages())
def test_a_catalogue_says_all_of_it_and_nothing_else(language: str) -> None:
    found = messages.faults(language)
    assert not found, "\n".join([f"scripts/messages says: {name}: {ids}" for name, ids in vars(found).items() if ids])


def test_templates_double_their_percent_signs() -> None:
    assert messages.half_percents() == []


@pytest.mark.parametrize(
    ("original", "translated", "is_right"),
    [
        ("%(n)s jobs", "%(n)s úloh", True),
        ("%(n)s jobs", "úlohy", False),
        ("%(n)s jobs", "%(m)s úloh", False),
        ("100 %% of %(n)s", "100 % z %(n)s", False),
        ("95 %% of all", "95 % všech", False),
        ("95 %% of all", "95 %% všech", True),
        (("one of %(what)s", "%(n)d of %(what)s"), ("jeden z %(what)s", "%(n)d z %(what)s", "%(n)d z %(what)s"), True),
        (("one of %(what)s", "%(n)d of %(what)s"), ("%(n)d z %(what)s", "%(n)d z %(what)s", "%(n)d z %(what)s"), True),
        (("one of %(what)s", "%(n)d of %(what)s"), ("jeden", "%(n)d z %(what)s", "%(n)d z %(what)s"), False),
        (("one of %(what)s", "%(n)d of %(what)s"), ("jeden z %(what)s", "pár z %(what)s", "%(n)d z %(what)s"), False),
    ],
)
def test_a_translation_holds_the_values_of_its_original(
    original: messages.Id, translated: str | tuple[str, ...], is_right: bool
) -> None:
    assert messages.holds(original, translated) is is_right


def test_a_language_without_words_for_schedules_says_them_in_english() -> None:
    from chalicelib.pages.environment import environment
    from functions.scheduling.cron import Schedule

    said = {
        each: environment(each).filters["schedule_words"](Schedule.parse("@hourly", "UTC")) for each in ("en", "de")
    }
    assert said["de"] == said["en"]
