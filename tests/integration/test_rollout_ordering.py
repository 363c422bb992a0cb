"""Who orders a roll-out hears whether it counts, and what becomes of it."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
from kafka import KafkaAdminClient

from edge.doctor.rollout import check_bundles, check_models
from edge.kafka.reader import TopicReader
from edge.rollout.following import desired_of
from edge.rollout.ordering import Overtaken
from edge.rollout.words import Desired
from edge.settings.rollout import RolloutSettings
from tests.candidates import make_candidate
from tests.integration.running import ended, refusal
from tests.integration.test_rollout import traffic
from tests.integration.world import World
from tests.integration.yard import SLOT, Yard
from tests.unit.rolling_out import digest
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def yard(apache_world: World, tmp_path: Path) -> Yard:
    return Yard(apache_world, tmp_path)


def written(yard: Yard) -> list[Desired]:
    """Every roll-out, in the order of the topic."""
    with TopicReader(yard.world.kafka) as reader:
        records = list(reader.read_all(yard.world.topics.models_topic))
    return [it for record in records if (it := desired_of(record, SLOT)) is not None]


def test_the_next_generation_knows_what_was_wanted_before_and_back_wants_it_again(
    yard: Yard, tmp_path: Path
) -> None:
    first, second = make_candidate(tmp_path / "a"), make_candidate(tmp_path / "b", version="3")
    nothing = ended(yard.world, "rollout", "back", "--slot", SLOT)
    assert nothing.returncode == 1
    assert "no roll-out before the newest one" in refusal(nothing)
    for bundle in (first, second):
        assert yard.roll_out(bundle.folder).returncode == 0
    back = ended(yard.world, "rollout", "back", "--slot", SLOT)
    assert back.returncode == 0, back.stderr
    assert f"slot yard: generation 3, {first.folder} " in back.stdout
    newest = written(yard)[-1]
    assert (newest.digest, newest.generation) == (first.digest, 3)
    assert newest.previous is not None
    assert newest.previous.digest == second.digest
    told = ended(yard.world, "rollout", "status", "--slot", SLOT)
    assert "no node was heard of" in told.stdout
    assert json.loads(
        ended(yard.world, "rollout", "status", "--slot", SLOT, "--json").stdout
    )["desired"]["generation"] == 3  # fmt: skip


def test_of_several_at_once_the_later_counts_and_numbers_grow_along_the_topic(yard: Yard) -> None:
    letters = "abcdef"
    together = Barrier(len(letters))

    def order(letter: str) -> Desired | None:
        def following(newest: Desired | None) -> Desired:
            if newest is None:
                together.wait()
            return yard.after(newest, f"/bundles/{letter}", digest(letter))

        try:
            return yard.order(following)
        except Overtaken:
            return None

    with ThreadPoolExecutor(len(letters)) as pool:
        ordered = list(pool.map(order, letters))
    every = written(yard)
    assert every[-1] in ordered
    assert every[-1].generation == max(it.generation for it in every)
    kept = [it.generation for it in ordered if it is not None]
    assert len(set(kept)) == len(kept)


def test_what_cannot_be_a_roll_out_is_refused_before_anything_is_written(
    yard: Yard, tmp_path: Path
) -> None:
    for bundle, why in (
        (str(tmp_path / "nowhere"), "does not exist"),
        ("https://user:secret@host/bundle", "login has no place on a topic"),
    ):
        done = yard.roll_out(bundle)
        assert done.returncode == 1
        assert why in refusal(done)
        assert "secret" not in done.stderr
    for words, why in (
        (("--shadow-share", "0"), "Must be > 0"),
        (("--shadow-share", "nan"), "Must be"),
        (("--digest", "6b2ac967ff77"), "is no digest of a bundle"),
    ):
        wrong = yard.roll_out(str(tmp_path), *words)
        assert wrong.returncode == 2
        assert why in refusal(wrong)
    assert written(yard) == []


def test_a_node_follows_a_topic_that_was_made_anew(yard: Yard, tmp_path: Path) -> None:
    first, second = make_candidate(tmp_path / "a"), make_candidate(tmp_path / "b", version="3")
    topic, address = yard.world.topics.models_topic, yard.world.kafka.bootstrap_servers
    with yard.node("one") as node, traffic(yard.world):
        for number in "123":
            yard.ordered(tmp_path / "gone", digest(number))
        yard.wait(yard.ordered(first.folder), "serving")
        with closing(KafkaAdminClient(bootstrap_servers=address)) as admin:
            admin.delete_topics([topic])
            wait_until(lambda: topic not in admin.list_topics(), "its end")
        yard.world.create_topics()
        assert yard.ordered(second.folder) == 1
        assert yard.wait(1, "serving").serving == second.digest
        assert node.stop() == 0, node.said()


def test_doctor_sees_a_topic_that_would_forget_what_is_wanted(yard: Yard) -> None:
    kafka, topics = yard.world.kafka, yard.world.topics
    settings = RolloutSettings(slot=SLOT, bundles_cache=yard.cache("one"))

    def statuses() -> list[str]:
        return [it.status for it in check_models(kafka, topics, settings)]

    # A topic that was made this moment the broker may not know yet.
    wait_until(lambda: statuses() == ["ok", "ok"], "both topics")
    assert [it.status for it in check_bundles(settings)] == ["ok"]
    yard.world.configure(topics.models_topic, {"cleanup.policy": "delete"})

    def found() -> list[str]:
        return [it.found for it in check_models(kafka, topics, settings) if it.status == "fail"]

    wait_until(lambda: found() != [], "the changed setting")
    assert found()[0].startswith("cleanup.policy is delete")
