"""Several processes hear what one hears, and one that is killed is no clean recount."""

import os
import signal

import pytest

from deploy.bundle.errors import Unavailable
from edge.audit import hearing
from edge.audit.hearing import Hearing
from edge.audit.outcomes import parsers
from edge.audit.tally import Tally
from edge.frame import Partition, Range
from edge.kafka.reader import TopicReader
from tests.integration.running import serving
from tests.integration.world import PARTITIONS, Sent, World, pictures

pytestmark = pytest.mark.slow
_FRAMES = 12
_WITHIN = Range(0, _FRAMES)


def tallies_of(world: World, processes: int) -> list[Tally]:
    topic = world.topics.frames_topic
    tallies = {Partition(topic, number): Tally(_WITHIN) for number in range(PARTITIONS)}
    ears = Hearing(world.kafka, world.topics, world.group, piece=2, processes=processes)
    with TopicReader(world.kafka) as reader:
        topics = parsers(world.topics)
        bounds = {at: held for topic in topics for at, held in reader.bounds(topic).items()}
        for heard in ears.hear(reader, bounds):
            heard.tell(tallies)
    return list(tallies.values())


def fall_at_once(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def classified(world: World) -> World:
    world.send([*pictures(_FRAMES - 2), Sent(b"no picture"), Sent(b"")])
    with serving(world.settings):
        world.results(_FRAMES - 2)
        world.read(world.topics.dead_letters_topic, 2)
    return world


def test_two_processes_hear_what_one_hears(classified: World) -> None:
    one, two = tallies_of(classified, 1), tallies_of(classified, 2)
    found = [[tally.first_of(offset) for offset in range(_FRAMES)] for tally in one]
    assert found == [[tally.first_of(offset) for offset in range(_FRAMES)] for tally in two]
    assert sum(outcome is not None for tally in found for outcome in tally) == _FRAMES
    assert not any(list(tally.repeated(_FRAMES)) for tally in two)


def test_a_process_that_is_killed_ends_the_recount_with_a_sentence(
    classified: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "_begin", fall_at_once)
    with pytest.raises(Unavailable, match="a process that read outcomes ended"):
        tallies_of(classified, 2)
