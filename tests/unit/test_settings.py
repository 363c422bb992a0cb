"""Settings that say more than a number, as a user types them."""

import pytest

from deploy.bundle.command import WRONG_USAGE, run_command_line
from edge.cli import app
from edge.settings.freshness import FreshnessSettings
from edge.settings.run import RunSettings


def freshness(*words: str) -> FreshnessSettings:
    _, bound, _ = app.parse_args(["run", "--bundle", "yard", *words])
    settings: RunSettings = bound.arguments["settings"]
    return settings.freshness


@pytest.mark.parametrize(
    ("typed", "seconds"), [("2s", 2.0), ("500ms", 0.5), ("1.5", 1.5), ("0.25s", 0.25)]
)
def test_an_age_is_typed_with_its_unit_or_in_seconds(typed: str, seconds: float) -> None:
    assert freshness("--max-age", typed).max_age == pytest.approx(seconds)


@pytest.mark.parametrize("typed", ["2m", "s", "", "two", "1ss", "0s", "-1s", "nan"])
def test_an_age_that_is_none_is_wrong_usage(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(app, ["run", "--bundle", "yard", "--max-age", typed]) == WRONG_USAGE
    assert "--max-age" in capsys.readouterr().err


def test_an_age_is_read_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YARDLIGHT_MAX_AGE", "750ms")
    assert freshness().max_age == pytest.approx(0.75)


def test_unless_told_every_frame_is_looked_at_however_old() -> None:
    assert freshness() == FreshnessSettings(
        max_age=None, age_from="record", overload="block", gate=False
    )


@pytest.mark.parametrize("typed", ["0", "-1", "1.5", "auto", "65"])
def test_workers_are_a_number_that_a_machine_can_bear(
    typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(app, ["run", "--bundle", "yard", "--workers", typed]) == WRONG_USAGE
    assert "--workers" in capsys.readouterr().err
