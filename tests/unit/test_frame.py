"""What a frame says of its place, its size, and how long each stage of its way took."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.frame import Partition, Stamps
from tests.frames import make_frame


def test_a_partition_is_written_as_topic_and_number() -> None:
    assert str(Partition("frames", 3)) == "frames/3"


def test_partitions_stand_in_the_order_of_topic_and_number() -> None:
    places = [Partition("frames", 10), Partition("frames", 9), Partition("dock", 11)]
    assert sorted(places) == [places[2], places[1], places[0]]


@pytest.mark.parametrize(("value", "size"), [(b"1234", 4), (b"", 0), (None, 0)])
def test_the_size_of_a_frame_is_that_of_its_bytes(value: bytes | None, size: int) -> None:
    assert make_frame(value=value).size == size


def test_the_stages_name_the_way_in_order() -> None:
    stamps = Stamps(1.0, 2.0, 4.0, 7.0, 11.0, 16.0, 22.0)
    assert list(stamps.stages().items()) == [
        ("transport", 1.0),
        ("queue", 2.0),
        ("decode", 3.0),
        ("batch", 4.0),
        ("inference", 5.0),
        ("publish", 6.0),
    ]


def test_a_frame_that_was_never_run_has_no_inference() -> None:
    stamps = Stamps(1.0, 2.0, taken=4.0, decoded=7.0, acknowledged=9.0)
    assert stamps.stages() == {"transport": 1.0, "queue": 2.0, "decode": 3.0, "publish": 2.0}


def test_a_frame_appended_before_this_machine_started_has_its_whole_transport() -> None:
    assert Stamps(appended=-3600.0, polled=2.0).stages() == {"transport": 3602.0}


@given(
    steps=st.lists(st.floats(0, 1e4), min_size=6, max_size=6),
    finished=st.integers(1, 6),
)
def test_the_stages_sum_to_the_time_since_the_frame_was_appended(
    steps: list[float], finished: int
) -> None:
    times = [1.0]
    for step in steps[:finished]:
        times.append(times[-1] + step)
    stages = Stamps(*times).stages()
    assert len(stages) == finished
    assert sum(stages.values()) == pytest.approx(times[-1] - times[0], abs=1e-6)
