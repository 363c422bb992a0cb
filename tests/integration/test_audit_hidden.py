"""Outcomes that are there and do not count, and those that are gone or not to be seen yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from edge.audit import settled
from edge.audit.report import BROKEN, CLEAN, COULD_NOT_TELL
from tests.integration.running import serving
from tests.integration.test_audit import classify, commit
from tests.integration.world import Sent, World
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


@contextmanager
def transaction(world: World, topic: str, record: Any) -> Iterator[Any]:
    """A producer with an open transaction that holds this record again, in its partition."""
    with world.producer(transactional_id=world.group) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(
            topic, record.value, record.key, headers=record.headers, partition=record.partition
        ).get(60)
        yield producer


def test_an_outcome_in_an_aborted_transaction_does_not_count(apache_world: World) -> None:
    world = apache_world
    classify(world, 8)
    results = world.topics.results_topic
    with transaction(world, results, world.read(results, 8)[0]) as producer:
        producer.abort_transaction()
    assert world.audit().status("exactly-once") == CLEAN
    with transaction(world, results, world.read(results, 8)[0]) as producer:
        producer.commit_transaction()
    assert world.audit().offsets("repeated") == 1


def test_an_open_transaction_leaves_it_open_whether_a_frame_is_lost(
    apache_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = apache_world
    monkeypatch.setattr(settled, "TRANSACTION_SECONDS", 0.5)
    classify(world, 8)
    results = world.topics.results_topic
    lost = world.send([Sent(b"lost", partition=0)])
    commit(world, {0: lost[0].offset + 1})
    with transaction(world, results, world.read(results, 8)[0]) as producer:
        report = world.audit()
        assert report.status("exactly-once") == COULD_NOT_TELL
        assert report.doubts == [f"an open transaction hides the end of {results}"]
        producer.abort_transaction()
    assert world.audit().status("exactly-once") == BROKEN


def test_where_outcomes_are_compacted_away_no_frame_is_called_lost(apache_world: World) -> None:
    world = apache_world
    classify(world, 8)
    lost = world.send([Sent(b"lost", partition=0)])
    commit(world, {0: lost[0].offset + 1})
    assert world.audit().status("exactly-once") == BROKEN
    results = world.topics.results_topic
    world.configure(results, {"cleanup.policy": "compact"})
    report = world.audit()
    assert report.status("exactly-once") == COULD_NOT_TELL
    assert report.doubts == [f"{results} is compacted, their outcomes may be gone from it"]
    assert report.offsets("unauditable") == 1


def test_a_dead_letter_counts_whatever_the_frames_own_headers_hold(embedded_world: World) -> None:
    world = embedded_world
    world.send([Sent(b"text", headers=(("x-lens", b"\x00\xff"), ("yardlight_offset", b"no")))])
    with serving(world.settings):
        world.dead_letters(1)
    report = world.audit()
    assert (report.damaged, report.status("exactly-once")) == (0, CLEAN)


def test_frames_that_compaction_took_away_are_not_losses(apache_world: World) -> None:
    world = apache_world
    frames = world.topics.frames_topic
    settings = {
        "cleanup.policy": "compact",
        "segment.ms": "50",
        "min.cleanable.dirty.ratio": "0.01",
    }
    world.configure(frames, settings)
    world.send([Sent(b"first", b"gate-1", partition=0)])
    commit(world, {0: 1})

    def compacted() -> bool:
        # A segment is closed by the first record after its time, and only then compacted.
        world.send([Sent(b"later", b"gate-1", partition=0)])
        return bool(world.read(frames, 1)[0].offset > 0)

    assert world.audit().offsets("missing") == 1
    wait_until(compacted, "compaction", seconds=240)
    report = world.audit()
    assert report.offsets("missing") == 0
    assert report.status("exactly-once") == CLEAN
