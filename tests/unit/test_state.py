"""What `scripts/dev --reset` forgets, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

from infra.local.state import State


def test_a_reset_takes_away_what_a_start_wrote(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.lock()
    token_key = state.signing_key()
    state.publish({"url": "http://127.0.0.1"})
    for directory in ("postgres", "instances", "packages", "logs"):
        (tmp_path / directory / "below").mkdir(parents=True)
    (tmp_path / "clock.json").write_text("{}")
    (tmp_path / "clock.partial").write_text("{")
    state.reset()
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    assert state.signing_key() != token_key


def test_a_reset_leaves_what_is_not_ours(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.lock()
    (tmp_path / "thesis.txt").write_text("years of work")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_text("a photo")
    (tmp_path / "elsewhere").symlink_to(tmp_path / "photos")
    state.reset()
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    assert (tmp_path / "elsewhere" / "one.jpg").read_text() == "a photo"
