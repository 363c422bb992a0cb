"""An API server of Kubernetes with its etcd, on this machine: no nodes, so nothing is ever run.

All that a cluster says to a manifest is said by these two: what its kinds are, what may stand in
them, which pods it admits.
"""

import tempfile
from pathlib import Path
from types import TracebackType
from typing import final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edge.kafka.embedded import free_port
from edge.process import TiedProcess
from tests.chart.program import api_server, etcd
from tests.chart.server import TOKEN, Server

_START_SECONDS = 180.0


@final
class OwnCluster:
    """A cluster for `with`, on free ports and in a folder of its own; both go at the end."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="yardlight-cluster-")
        self._processes: list[TiedProcess] = []

    def __enter__(self) -> Server:
        """Start it.

        Raises:
            NotHere: a program is missing.
            Fatal: one ended; the end of its log is quoted.
        """
        try:
            return self._start(Path(self._folder.name))
        except BaseException:
            self._end()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _start(self, folder: Path) -> Server:
        programs = etcd(), api_server()
        store = f"http://127.0.0.1:{free_port()}"
        self._run("etcd", folder, [str(programs[0]), *_etcd_options(folder, store)])
        port = free_port()
        cluster = Server(f"https://127.0.0.1:{port}", folder / "certificates/apiserver.crt")
        options = _server_options(folder, store, port)
        server = self._run("the API server", folder, [str(programs[1]), *options])
        server.wait_until(cluster.healthy, _START_SECONDS)
        return cluster

    def _run(self, name: str, folder: Path, command: list[str]) -> TiedProcess:
        process = TiedProcess(name, command, folder / f"{Path(command[0]).name}.log")
        process.start()
        self._processes.append(process)
        return process

    def _end(self) -> None:
        for process in reversed(self._processes):
            process.kill()  # what it wrote goes too: nothing to shut down in order for
        self._folder.cleanup()


def _etcd_options(folder: Path, store: str) -> list[str]:
    peers = f"http://127.0.0.1:{free_port()}"
    options = {
        "data-dir": str(folder / "etcd"),
        "listen-client-urls": store,
        "advertise-client-urls": store,
        "listen-peer-urls": peers,
        "initial-advertise-peer-urls": peers,
        "initial-cluster": f"default={peers}",
    }
    return [f"--{name}={value}" for name, value in options.items()]


def _server_options(folder: Path, store: str, port: int) -> list[str]:
    key, users = folder / "accounts.pem", folder / "users.csv"
    users.write_text(f'{TOKEN},check,check,"system:masters"\n', encoding="utf-8")
    key.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    options = {
        "etcd-servers": store,
        "secure-port": port,
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        "cert-dir": folder / "certificates",
        "token-auth-file": users,
        "service-account-key-file": key,
        "service-account-signing-key-file": key,
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-cluster-ip-range": "10.0.0.0/24",
        "endpoint-reconciler-type": "none",
        # Accounts are made by a controller, and none runs here.
        "disable-admission-plugins": "ServiceAccount",
    }
    return [f"--{name}={value}" for name, value in options.items()]
