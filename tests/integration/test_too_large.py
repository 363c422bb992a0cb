"""A result that its topic does not take: the frame's outcome says where the frame lies instead."""

from pathlib import Path
from typing import get_args

import pytest

from edge.audit.report import CLEAN
from edge.audit.tally import Answer
from edge.settings.delivery import Delivery
from tests.integration.running import member
from tests.integration.world import World, pictures

pytestmark = pytest.mark.slow
_FRAMES = 6


@pytest.mark.parametrize("delivery", get_args(Delivery))
def test_a_result_that_is_too_large_becomes_a_letter_that_names_its_frame(
    apache_world: World, tmp_path: Path, delivery: Delivery
) -> None:
    world = apache_world
    world.configure(world.topics.results_topic, {"max.message.bytes": "300"})
    sent = world.send(pictures(_FRAMES))
    with member(world, tmp_path / "one.log", "--delivery", delivery, "--member", "one") as running:
        letters = world.dead_letters(_FRAMES)
        assert running.stop() == 0, running.said()
    said = [dict(letter.headers) for letter in letters]
    assert {it["yardlight_reason"] for it in said} == {b"result-too-large"}
    assert {letter.value for letter in letters} == {None}
    places = {(int(it["yardlight_partition"]), int(it["yardlight_offset"])) for it in said}
    assert places == {(place.partition, place.offset) for place in sent}
    report = world.audit()
    assert report.status("exactly-once") == CLEAN
    assert report.total(Answer.DEAD_LETTERED) == _FRAMES
