"""The recount of a part: partitions, offsets, times, and what lies outside of what is kept."""

import subprocess
from contextlib import closing
from dataclasses import replace

import pytest
from kafka import KafkaAdminClient, TopicPartition

from deploy.bundle.errors import Fatal
from edge.audit.recount import audit
from edge.audit.report import BROKEN, CLEAN, COULD_NOT_TELL, AuditReport
from edge.audit.tally import Answer
from edge.cloudevents import format_time
from edge.frame import Range
from edge.span import Moment, Span
from tests.integration.running import refusal, serving
from tests.integration.test_audit import commit, run_audit
from tests.integration.world import Sent, World, pictures

pytestmark = pytest.mark.slow
NOON = 1_700_000_000


def audited(world: World, span: Span) -> AuditReport:
    return audit(world.kafka, world.topics, world.group, span)


def with_a_loss(world: World) -> World:
    """Eight classified frames in partition 0 and one lost, at offset 8; one each second."""
    frames = [replace(frame, partition=0) for frame in pictures(8)]
    world.send(
        replace(frame, timestamp=(NOON + second) * 1000) for second, frame in enumerate(frames)
    )
    with serving(world.settings):
        world.results(8)
    world.send([Sent(b"lost", partition=0, timestamp=(NOON + 8) * 1000)])
    commit(world, {0: 9, 1: 0})
    return world


def test_only_the_offsets_that_were_asked_for_are_recounted(world: World) -> None:
    with_a_loss(world)
    for span, classified, status in [
        (Span(start=2, end=5, partition=(0,)), 3, CLEAN),
        (Span(end=8), 8, CLEAN),
        (Span(start=7), 1, BROKEN),
        (Span(partition=(1,)), 0, CLEAN),
    ]:
        report = audited(world, span)
        assert report.status("exactly-once") == status, span
        assert report.total(Answer.CLASSIFIED) == classified, span


def test_only_the_frames_of_that_time_are_recounted(apache_world: World) -> None:
    world = with_a_loss(apache_world)
    report = audited(world, Span(start=Moment(NOON + 1.5), end=Moment(NOON + 8)))
    assert report.status("exactly-once") == CLEAN
    assert report.partitions[0].looked_at == Range(2, 8)
    assert report.total(Answer.CLASSIFIED) == 6
    since_six = run_audit(world, "--from", format_time(NOON + 6))
    assert since_six.returncode == BROKEN
    assert "BROKEN: 1 missing (2 classified," in since_six.stdout
    assert run_audit(world, "--from", "5m").returncode == CLEAN


def test_a_broker_that_cannot_find_by_time_is_told_not_believed(embedded_world: World) -> None:
    with_a_loss(embedded_world)
    with pytest.raises(Fatal, match=r"finds no records .* by time: give offsets"):
        audited(embedded_world, Span(start=Moment(NOON + 4)))


def test_of_frames_that_retention_deleted_nobody_can_tell_but_their_outcomes_count(
    apache_world: World,
) -> None:
    world = with_a_loss(apache_world)
    topic = world.topics.frames_topic
    with closing(KafkaAdminClient(bootstrap_servers=world.kafka.bootstrap_servers)) as admin:
        admin.delete_records({TopicPartition(topic, 0): 9})
    assert audited(world, Span()).status("exactly-once") == CLEAN
    report = audited(world, Span(start=0))
    assert report.total(Answer.CLASSIFIED) == 8
    assert list(report.partitions[0].unauditable) == [8]
    assert report.status("exactly-once") == COULD_NOT_TELL
    assert report.doubts == ["they were deleted from the topic"]


def test_a_position_beyond_the_end_of_the_topic_cannot_be_told(apache_world: World) -> None:
    world = apache_world
    commit(world, {0: 1000})
    report = world.audit()
    assert report.status("exactly-once") == COULD_NOT_TELL
    assert len(report.partitions[0].unauditable) == 1000
    assert "made anew" in report.doubts[0]


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        (["--from", "tomorrow"], 2, "neither a time"),
        (["--from", "9", "--to", "3"], 2, "nothing lies between --from 9 and --to 3"),
        (["--from", "9", "--to", "5m"], 2, "both be offsets or both be times"),
        (["--partition", "77"], COULD_NOT_TELL, "has no partition 77: it has 4, from 0"),
    ],
)
def test_a_span_that_makes_no_sense_is_one_sentence(
    embedded_world: World, typed: list[str], status: int, said: str
) -> None:
    done: subprocess.CompletedProcess[str] = run_audit(embedded_world, *typed)
    assert done.returncode == status
    assert said in refusal(done)
