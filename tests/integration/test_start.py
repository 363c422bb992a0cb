"""How a service starts: what it waits for, saying so, and what it refuses in a clear sentence."""

import json
import shutil
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.bundle.manifest import MANIFEST, MODEL
from edge.kafka.embedded import EmbeddedBroker, free_port
from edge.settings.kafka import KafkaSettings
from tests.brokers.topics import unique
from tests.integration.running import Command, command, get, member, options
from tests.integration.world import World, new_topics, pictures

pytestmark = pytest.mark.slow


@pytest.fixture
def nowhere(tiny_bundle: Path, engine_cache: Path) -> World:
    """A world whose broker is not there, and would listen on a free port."""
    kafka = KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}", session_timeout=3.0)
    return World(kafka, tiny_bundle, engine_cache, new_topics(), unique("group"))


def test_it_waits_for_a_broker_that_is_not_there_yet(
    embedded_kafka: EmbeddedBroker, nowhere: World, tmp_path: Path
) -> None:
    assert embedded_kafka.address
    address = nowhere.kafka.bootstrap_servers
    with member(nowhere, tmp_path / "log") as waiting:
        waiting.wait_for(f"waiting for a broker at {address}")
        status, why = get(f"{waiting.url}/health/ready")
        assert status == 503
        assert why.startswith(f"waiting for a broker at {address}: nobody listens at {address}")
        assert get(f"{waiting.url}/health/live")[0] == 200
        with EmbeddedBroker(int(address.rpartition(":")[2])):
            nowhere.create_topics()
            nowhere.send(pictures(4))
            assert len(nowhere.results(4)) == 4
            assert waiting.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_can_be_stopped_while_it_waits(
    nowhere: World, tmp_path: Path, number: signal.Signals
) -> None:
    with member(nowhere, tmp_path / "log") as waiting:
        waiting.wait_for("waiting for a broker")
        assert waiting.stop(number) == 0, waiting.said()


def test_it_waits_for_topics_and_names_them(world: World, tmp_path: Path) -> None:
    world = replace(world, topics=new_topics())
    with member(world, tmp_path / "log") as waiting:
        waiting.wait_for("waiting for topics, --create-topics would make them")
        (line,) = [line for line in waiting.lines() if "missing" in line]
        topics = world.topics
        assert line["missing"] == [
            topics.frames_topic,
            topics.results_topic,
            topics.skipped_topic,
            topics.dead_letters_topic,
        ]
        _, why = get(f"{waiting.url}/health/ready")
        assert why.startswith(f"waiting for topics {topics.frames_topic}, ")
        world.create_topics()
        world.send(pictures(4))
        assert len(world.results(4)) == 4
        assert waiting.stop() == 0


def test_waiting_for_topics_does_not_create_them(embedded_world: World, tmp_path: Path) -> None:
    world = replace(embedded_world, topics=new_topics())
    with member(world, tmp_path / "log") as waiting:
        waiting.wait_for("waiting for topics")
        with command(tmp_path / "again.log", "edge.cli", "run", *options(world)) as again:
            again.wait_for("waiting for topics")
            (line,) = [line for line in again.lines() if "missing" in line]
    assert len(line["missing"]) == 4


def test_create_topics_makes_them_with_room_for_frames(world: World, tmp_path: Path) -> None:
    world = replace(world, topics=new_topics())
    with member(world, tmp_path / "log", "--create-topics") as running:
        running.ready()
        world.send(pictures(4))
        assert len(world.results(4)) == 4
        assert running.stop() == 0


def test_a_port_in_use_is_named(nowhere: World, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = options(nowhere, "--metrics-port", str(port))
        with command(tmp_path / "log", "edge.cli", "run", *words) as refused:
            assert refused.ended() == 1
    assert f"metrics-port {port} on 127.0.0.1 cannot be used" in refused.said()


def wrong_hash(bundle: Path) -> str:
    with (bundle / MODEL).open("ab") as file:
        file.write(b"\0")
    return MODEL


def missing_file(bundle: Path) -> str:
    (bundle / MODEL).unlink()
    return MODEL


def missing_manifest(bundle: Path) -> str:
    (bundle / MANIFEST).unlink()
    return MANIFEST


def climbing_path(bundle: Path) -> str:
    return _change(bundle, lambda it: it["files"].update({"../outside": "0" * 64}), "../outside")


def unknown_schema(bundle: Path) -> str:
    return _change(bundle, lambda it: it.update({"schema": 99}), "99")


def too_few_labels(bundle: Path) -> str:
    return _change(bundle, lambda it: it["labels"].pop(), "labels")


def _change(bundle: Path, change: Callable[[Any], object], named: str) -> str:
    manifest = bundle / MANIFEST
    document = json.loads(manifest.read_text(encoding="utf-8"))
    change(document)
    manifest.write_text(json.dumps(document), encoding="utf-8")
    return named


@pytest.mark.parametrize(
    "damage",
    [wrong_hash, missing_file, missing_manifest, climbing_path, unknown_schema, too_few_labels],
)
def test_a_damaged_bundle_is_refused_and_what_is_wrong_with_it_named(
    nowhere: World, tmp_path: Path, damage: Callable[[Path], str]
) -> None:
    bundle = tmp_path / "damaged"
    shutil.copytree(nowhere.bundle, bundle)
    named = damage(bundle)
    with member(replace(nowhere, bundle=bundle), tmp_path / "log") as refused:
        assert refused.ended() == 1
    assert named in _error(refused)


def test_a_bundle_that_is_not_there_is_named(nowhere: World, tmp_path: Path) -> None:
    with member(replace(nowhere, bundle=tmp_path / "nothing"), tmp_path / "log") as refused:
        assert refused.ended() == 1
    assert str(tmp_path / "nothing") in _error(refused)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--queue-frame", "5"), 2, "--queue-frames"),
        (("--metrics-port", "seventy"), 2, "--metrics-port"),
        (("--max-batch", "0"), 2, "--max-batch"),
        (("--bootstrap-servers", "kafka"), 1, "'kafka' is not HOST:PORT"),
        (("--engine", "abacus"), 2, "abacus"),
        (("--security-protocol", "SASL_SSL"), 1, "sasl-username"),
        (("--ssl-cafile", "/none.pem", "--security-protocol", "SSL"), 1, "/none.pem"),
    ],
)
def test_a_wrong_setting_is_named(
    nowhere: World, tmp_path: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    with member(nowhere, tmp_path / "log", *words) as refused:
        assert refused.ended() == status, refused.said()
    assert said in refused.said()
    assert "Traceback" not in refused.said()


def test_without_an_engine_it_may_be_told_not_to_build_one(nowhere: World, tmp_path: Path) -> None:
    empty = replace(nowhere, engine_cache=tmp_path / "engines")
    with member(empty, tmp_path / "log", "--no-build") as refused:
        assert refused.ended() == 1
    assert "--no-build" in _error(refused)


def test_it_builds_its_engine_and_says_so(embedded_world: World, tmp_path: Path) -> None:
    fresh = replace(embedded_world, engine_cache=tmp_path / "engines")
    with member(fresh, tmp_path / "log") as running:
        running.wait_for("no engine fits this machine, building one")
        running.ready()
        assert running.stop() == 0
    assert list((tmp_path / "engines").glob("*/onnxruntime-*/engine.json"))


def test_show_config_prints_each_value_with_its_source(tmp_path: Path) -> None:
    words = ("run", "--bundle", "yard", "--show-config", "--queue-frames", "7")
    environment = {"YARDLIGHT_GROUP": "night", "COLUMNS": "200"}
    with command(tmp_path / "log", "edge.cli", *words, environment=environment) as shown:
        said = shown.output()
        assert shown.process.returncode == 0, shown.said()
    rows = {row[0]: row[1:] for row in map(_cells, said.splitlines()) if len(row) == 3}
    assert rows["queue-frames"] == ["7", "command line"]
    assert rows["group"] == ["night", "YARDLIGHT_GROUP"]
    assert rows["max-batch"] == ["8", "default"]


def test_a_stage_that_dies_takes_the_service_down_with_its_reason(
    embedded_world: World, tmp_path: Path
) -> None:
    broken = (
        "import sys; from edge.pipeline.infer import InferStage\n"
        "def run(self): raise MemoryError('no room')\n"
        "InferStage.run = run\n"
        "from edge.cli import main; main()"
    )
    script = tmp_path / "broken.py"
    script.write_text(broken, encoding="utf-8")
    environment = {"PYTHONPATH": str(tmp_path)}
    words = ("run", *options(embedded_world))
    with command(tmp_path / "log", "broken", *words, environment=environment) as died:
        assert died.ended() == 1
    assert "no room" in died.said()


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│┃| ").split("│")]


def _error(ended: Command) -> str:
    """The one line that says why; a traceback would be a defect."""
    assert "Traceback" not in ended.said(), ended.said()
    (line,) = [line for line in ended.said().splitlines() if line.startswith("error: ")]
    return line
