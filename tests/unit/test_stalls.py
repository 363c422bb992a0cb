"""A stall of the machine, of the disk or of the broker is told from one of the service."""

from pathlib import Path

import pytest

from tests.bench.stalls import Stalls

_JAVA = (
    '[1790000005000ms] Safepoint "G1CollectForAllocation", Time since last: 9 ns, '
    "Reaching safepoint: 7 ns, Cleanup: 1 ns, At safepoint: 5 ns, Total: 1500000000 ns\n"
)
BEGAN = 1_790_000_000.0


@pytest.fixture
def stalls(tmp_path: Path) -> Stalls:
    noted: dict[str, list[tuple[float, float]]] = {
        "machine": [(0, 0.001), (1, 0.9)],
        "processor": [(0, 0.02), (0.5, 0.02), (6, 0.2), (6.5, 0.2)],
        "disk": [(2, 0.1)],
        "broker": [],
    }
    for name, pairs in noted.items():
        lines = (f"{BEGAN + at} {took}\n" for at, took in pairs)
        (tmp_path / name).write_text("".join(lines), encoding="ascii")
    (tmp_path / "pauses").write_text(_JAVA, encoding="ascii")
    made = Stalls(tmp_path, tmp_path / "pauses")
    made.read()
    return made


def window(start: float, end: float) -> tuple[float, float]:
    return BEGAN + start, BEGAN + end


def test_the_longest_that_touches_a_window_counts(stalls: Stalls) -> None:
    assert stalls.longest("machine", window(0, 5)) == 0.9
    assert stalls.longest("machine", window(1.8, 5)) == 0.9
    assert stalls.longest("machine", window(2, 5)) == 0
    assert stalls.longest("java", window(4, 4.5)) == 1.5
    assert stalls.longest("java", window(0, 3)) == 0


def test_how_much_of_a_core_there_was(stalls: Stalls) -> None:
    assert stalls.share(window(0, 3)) == 1
    assert stalls.share(window(6, 7)) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("start", "end", "explained"),
    [
        (0.5, 2.0, True),  # the machine, for 0.9 of 1.5 s
        (2.0, 3.0, False),  # the disk, for a tenth of it
        (3.0, 5.0, True),  # Java
        (6.0, 8.0, True),  # a tenth of a core
        (8.0, 9.0, False),
    ],
)
def test_a_late_frame_is_anothers_where_that_stood_still_for_half_of_its_time(
    stalls: Stalls, start: float, end: float, explained: bool
) -> None:
    assert stalls.explains(window(start, end)) is explained
