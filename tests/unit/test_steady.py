"""The time of day that ages are measured by does not jump because a clock was set."""

import pytest

from deploy.bundle.errors import Unavailable
from edge.kafka.inventory import Skew, SkewUnknown
from edge.steady import SteadyWall
from edge.timekeeper import Timekeeper
from tests.clock import Clock

NOON = 1_700_000_000.0
HOUR = 3600.0


class Machine:
    """A machine whose clock can be set, and a broker with a clock of its own."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.set_by = 0.0
        self.broker_ahead: float | Exception = 0.0
        self.asked = 0
        self.steady = SteadyWall(self.clock, self.wall)
        self.keeper = Timekeeper(self.steady, self.ask)

    def wall(self) -> float:
        return NOON + self.clock.now - 1000.0 + self.set_by

    def ask(self, _: object) -> Skew:
        self.asked += 1
        if isinstance(self.broker_ahead, Exception):
            raise self.broker_ahead
        return Skew(self.broker_ahead, 0.01)

    def pass_by(self, seconds: float) -> None:
        self.clock.now += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_time_goes_on_as_before_when_a_clock_was_set(machine: Machine, jump: float) -> None:
    machine.set_by = jump
    machine.pass_by(5)
    assert machine.steady() == NOON + 5
    assert machine.steady.step == jump


def test_a_clock_that_is_set_back_to_where_it_was_has_done_nothing(machine: Machine) -> None:
    machine.set_by = HOUR
    assert machine.steady() == NOON
    machine.set_by = 0.0
    assert machine.steady() == NOON
    assert machine.steady.step == 0.0


def test_what_ntp_does_slowly_is_followed_for_as_long_as_it_takes(machine: Machine) -> None:
    for _ in range(100):
        machine.pass_by(60)
        machine.set_by += 0.03
        assert machine.steady() == machine.wall()
    assert machine.set_by == pytest.approx(3)


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_step_that_the_broker_agrees_with_is_followed(machine: Machine, jump: float) -> None:
    machine.set_by = jump
    machine.broker_ahead = jump + 0.4
    machine.keeper.look()
    assert machine.steady() == NOON + jump
    assert machine.steady.step == 0.0


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
@pytest.mark.parametrize("broker", [0.4, SkewUnknown("not granted"), Unavailable("away")])
def test_any_other_step_is_not_and_is_told(
    machine: Machine, jump: float, broker: float | Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.set_by = jump
    machine.broker_ahead = broker
    machine.keeper.look()
    assert machine.steady() == NOON
    said = "".join(capsys.readouterr())
    assert f"this machine's clock was set by {jump:+.1f} s" in said


def test_a_broker_that_was_away_is_asked_soon_and_one_that_said_no_later(machine: Machine) -> None:
    machine.set_by = HOUR
    machine.broker_ahead = Unavailable("away")
    soon = machine.keeper.look()
    machine.broker_ahead = 0.0
    assert machine.keeper.look() > soon


def test_nobody_is_asked_while_the_clocks_agree(machine: Machine) -> None:
    machine.keeper.look()
    assert machine.asked == 0


def test_its_thread_looks_by_itself_and_ends(machine: Machine) -> None:
    with machine.keeper:
        assert machine.keeper._thread.is_alive()
    assert not machine.keeper._thread.is_alive()
