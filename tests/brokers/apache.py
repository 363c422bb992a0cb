"""A real Apache Kafka for tests: one KRaft broker in one JVM, from Maven coordinates."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import final

from deploy.bundle.errors import Fatal
from edge.kafka.embedded import answers_kafka, free_port
from edge.process import TiedProcess
from tests.brokers.java import availability, fetch_libraries, java, run_once

_CLUSTER = "yardlight-tests-000000"  # any 22 characters
_START_SECONDS = 120.0
_STOP_SECONDS = 30.0


@final
class ApacheKafka:
    """Apache Kafka 4.4 for `with`, on 127.0.0.1; topics are never created by themselves.

    `stop` and `kill` keep port and data, `start` takes them up again. Leave it in the thread that
    entered it (see `TiedProcess`).
    """

    def __init__(
        self,
        properties: Mapping[str, str] | None = None,
        *,
        port: int | None = None,
        users: Mapping[str, str] | None = None,
        heap: str = "768m",
    ) -> None:
        """`properties` are added to server.properties and win over ours; `port` None is a free one.

        To replace `listeners` as a whole, give the port as well and keep PLAINTEXT on it. `users`
        are known from the start, with their passwords, for SCRAM-SHA-512. `heap` is the most memory
        that Java takes for objects.
        """
        self._heap = heap
        self._extra = dict(properties or {})
        self._port = port
        self._users = dict(users or {})
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: TiedProcess | None = None

    @property
    def address(self) -> str:
        """What clients bootstrap from, `127.0.0.1:PORT`."""
        if self._port is None:
            raise RuntimeError("the broker has no port yet: use it inside `with`")
        return f"127.0.0.1:{self._port}"

    @property
    def log(self) -> Path:
        """The broker's own log; it goes with the broker at the end of `with`."""
        return self._root / "broker.log"

    @property
    def data(self) -> Path:
        """Where it keeps its topics."""
        return self._root / "data"

    @property
    def pauses(self) -> Path:
        """Java's own log of the moments in which it stood still."""
        return self._root / "pauses.log"

    def start(self) -> None:
        """Start it on its port and data, and return when it answers.

        Raises:
            Fatal: it did not come up; the end of its log is quoted.
        """
        self.launch()
        self.await_answer()

    def launch(self) -> None:
        """Start it on its port and data; one of several answers only once most of them run."""
        log_level = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        self._process = TiedProcess(
            "Apache Kafka",
            java(
                f"-Xmx{self._heap}",
                f"-Xlog:safepoint:file={self.pauses}:timemillis",
                log_level,
                "kafka.Kafka",
                str(self._properties_file),
            ),
            self.log,
        )
        self._process.start()

    def await_answer(self) -> None:
        """Return when it answers.

        Raises:
            Fatal: it did not come up; the end of its log is quoted.
        """
        if self._process is not None:
            self._process.wait_until(lambda: answers_kafka(self.address), _START_SECONDS)

    def stop(self) -> None:
        """Shut it down in an orderly way."""
        if self._process is not None:
            self._process.stop(_STOP_SECONDS)

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut would."""
        if self._process is not None:
            self._process.kill()

    def __enter__(self) -> "ApacheKafka":
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.discard()
            raise
        return self

    def prepare(self) -> None:
        """Make its folder, with all that it starts from.

        Raises:
            Fatal: Apache Kafka cannot run here; says why.
        """
        state = availability()
        if not state.ok:
            raise Fatal(state.reason)
        fetch_libraries()
        self._port = free_port(self._port)
        self._folder = tempfile.TemporaryDirectory(prefix="yardlight-kafka-")
        self._format()

    def discard(self) -> None:
        """End it and delete what it wrote."""
        self.kill()  # its data goes too: nothing to shut down in order for
        if self._folder is not None:
            self._folder.cleanup()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()

    @property
    def _root(self) -> Path:
        if self._folder is None:
            raise RuntimeError("the broker has no folder yet: use it inside `with`")
        return Path(self._folder.name)

    @property
    def _properties_file(self) -> Path:
        return self._root / "server.properties"

    def _format(self) -> None:
        properties = _properties(self.address, self.data) | self._extra
        lines = (f"{name}={value}\n" for name, value in properties.items())
        self._properties_file.write_text("".join(lines), encoding="utf-8")
        users = (
            f"SCRAM-SHA-512=[name={name},password={password}]"
            for name, password in self._users.items()
        )
        known = [word for user in users for word in ("--add-scram", user)]
        format_ = ("kafka.tools.StorageTool", "format", "-t", _CLUSTER)
        run_once(*format_, "-c", str(self._properties_file), *known)


def _properties(address: str, data: Path) -> dict[str, str]:
    controller = f"127.0.0.1:{free_port()}"
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{address},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{address}",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        # One broker has one replica of everything.
        # Frames of tests may be years old; nothing but a test itself deletes any.
        "log.retention.ms": "-1",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        # Small internal topics are made in a moment; the default is 50 partitions each.
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.num.partitions": "1",
        # A group forms at once instead of waiting three seconds for more members.
        "group.initial.rebalance.delay.ms": "0",
    }
