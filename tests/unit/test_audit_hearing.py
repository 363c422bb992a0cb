"""Outcomes in pieces: none is left out, none is read twice, and what is none does no harm."""

from collections.abc import Iterator, Mapping
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from edge.audit.heard import Heard
from edge.audit.hearing import Hearing, pieces_of
from edge.audit.outcomes import parsers
from edge.audit.tally import Answer, Tally
from edge.cloudevents import GROUP_HEADER
from edge.frame import Partition, Range
from edge.kafka.reader import TopicReader
from edge.record import Record
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings

TOPICS = TopicSettings()
FRAMES = Partition(TOPICS.frames_topic, 0)
OUTCOMES = Partition(TOPICS.skipped_topic, 0)

bounds_of_topics = st.dictionaries(
    st.builds(Partition, st.sampled_from(["results", "skipped"]), st.integers(0, 3)),
    st.builds(lambda start, held: Range(start, start + held), st.integers(0, 9), st.integers(0, 9)),
)


@given(bounds=bounds_of_topics, most=st.integers(1, 7))
def test_pieces_hold_every_offset_once_and_no_two_topics(
    bounds: dict[Partition, Range], most: int
) -> None:
    pieces = list(pieces_of(dict(sorted(bounds.items(), key=str)), most))
    for piece in pieces:
        assert len({at.topic for at in piece}) == 1
        assert 0 < sum(held.end - held.start for held in piece.values()) <= most
    found = [
        (at, offset)
        for piece in pieces
        for at, held in piece.items()
        for offset in range(held.start, held.end)
    ]
    wanted = {(at, it) for at, held in bounds.items() for it in range(held.start, held.end)}
    assert len(found) == len(wanted)
    assert set(found) == wanted


def skipped(offsets: str, *, timestamp: float = 5.0, corrupt: str | None = None) -> Record:
    value = f'{{"topic":"{FRAMES.topic}","partition":0,"offsets":{offsets},"reason":"shed"}}'
    headers = ((GROUP_HEADER, b"ours"),)
    return Record(OUTCOMES, 0, timestamp, None, value.encode(), headers, corrupt)


def heard(*records: Record) -> Heard:
    found = Heard()
    found.listen(records, parsers(TOPICS)[TOPICS.skipped_topic], "ours")
    return found


def test_what_was_heard_is_told_to_the_tallies_of_its_partition() -> None:
    tally, other = Tally(Range(0, 5)), Tally(Range(0, 5))
    found = heard(skipped("[1,2]"), skipped("[2]"))
    found.tell({FRAMES: tally, Partition(FRAMES.topic, 1): other})
    assert list(tally.answered(Range(0, 5))) == [Range(1, 3)]
    assert list(tally.repeated(5)) == [Range(2, 3)]
    assert tally.counts(5)[Answer.SKIPPED] == 2
    assert list(other.answered(Range(0, 5))) == []


def test_an_offset_beyond_all_that_kafka_counts_to_is_damage_and_spoils_nothing() -> None:
    tally = Tally(Range(0, 5))
    found = heard(skipped(f"[{1 << 64}]"), skipped("{}"), skipped("[3]"))
    found.tell({FRAMES: tally})
    assert found.damaged == 2
    assert list(tally.answered(Range(0, 5))) == [Range(3, 4)]


def test_the_oldest_record_is_the_first_that_could_be_read() -> None:
    torn = skipped("[1]", timestamp=1.0, corrupt="checksum")
    assert heard(torn, skipped("[1]"), skipped("[2]", timestamp=9.0)).oldest == {OUTCOMES: 5.0}


class Silent:
    """A reader of topics that hold nothing any more."""

    def read(self, ranges: Mapping[Partition, Range]) -> Iterator[Record]:
        assert ranges
        return iter(())


def test_whoever_watches_is_told_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    ears = Hearing(KafkaSettings(), TOPICS, "ours", piece=3, processes=1)
    reader = cast(TopicReader, Silent())
    heard = list(ears.hear(reader, {OUTCOMES: Range(10, 17)}, lambda *it: told.append(it)))
    assert told == [(3, 7), (6, 7), (7, 7)]
    assert len(heard) == 3
