"""A service that runs: in this process, or as the command that a user types."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge.service import Service
from edge.settings.run import RunSettings
from tests.ending import TO_THE_END, finished, killed_after
from tests.integration.world import World
from tests.waiting import PATIENCE, wait_until


@contextmanager
def serving(settings: RunSettings, wall: Callable[[], float] = time.time) -> Iterator[Service]:
    """A service of this process, ready; stopped at the end, and what killed it is raised. `wall` is
    the clock of the machine that it runs on.
    """
    service = Service(settings, wall=wall)
    future: Future[None] = Future()
    # No pool: it would wait for a service that does not stop, at the end of Python too.
    threading.Thread(target=_run, args=(service, future), daemon=True).start()
    try:
        wait_until(lambda: service.health.ready or future.done(), "readiness")
        yield service
    finally:
        service.stop()
        future.result(PATIENCE)


def _run(service: Service, ended: "Future[None]") -> None:
    try:
        service.run()
    except BaseException as error:  # noqa: BLE001 - whoever waits is told, whatever it is
        ended.set_exception(error)
    else:
        ended.set_result(None)


@dataclass(slots=True)
class Command:
    """A command of Yardlight in a process of its own, its stderr in a file."""

    process: "subprocess.Popen[str]"
    log: Path

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def lines(self) -> list[dict[str, Any]]:
        """Its log, each line as it was written: JSON."""
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    def has_said(self, text: str) -> bool:
        return text in self.said()

    def wait_for(self, text: str) -> None:
        """Until its log holds `text`; a process that ends before fails the test with its log."""
        wait_until(lambda: self.has_said(text) or not self.running, f"{text!r} in the log")
        assert self.has_said(text), f"it ended before it said {text!r}:\n{self.said()}"

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def url(self) -> str:
        """Where it serves metrics and health."""
        self.wait_for("serving metrics and health")
        port = next(line["port"] for line in self.lines() if "port" in line)
        return f"http://127.0.0.1:{port}"

    def ready(self) -> None:
        self.wait_for('"running"')

    def metric(self, name: str) -> float:
        """The value of a metric, labels as `/metrics` writes them; 0 where it is not there yet."""
        _, page = get(f"{self.url}/metrics")
        values = [line.split()[-1] for line in page.splitlines() if line.startswith(f"{name} ")]
        return float(values[0]) if values else 0.0

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and return the exit status."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Its exit status, once it ends by itself."""
        with self._in_time():
            return self.process.wait(PATIENCE)

    def output(self) -> str:
        """What it wrote to stdout and was not read yet, once it ends by itself."""
        with self._in_time():
            return self.process.communicate(timeout=TO_THE_END)[0]

    def line(self) -> str:
        """The next line that it writes to stdout; one that never comes fails the test."""
        assert self.process.stdout is not None
        with killed_after(self.process):
            line = self.process.stdout.readline()
        assert line, (
            f"it ended, or was killed after {PATIENCE:.0f} s, without a word:\n{self.said()}"
        )
        return line

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        try:
            yield
        except subprocess.TimeoutExpired:
            pytest.fail(f"it did not end, and said:\n{self.said()}")


@contextmanager
def command(
    log: Path, module: str, *words: str, environment: dict[str, str] | None = None
) -> Iterator[Command]:
    """Start `python -m module words`; killed at the end if it still runs. stdout is a pipe."""
    with log.open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=os.environ | (environment or {}),
        )
    with process:
        try:
            yield Command(process, log)
        finally:
            process.kill()


def member(world: World, log: Path, *more: str) -> AbstractContextManager[Command]:
    """`yardlight-edge run` in that world, for `with`."""
    return command(log, "edge.cli", "run", *options(world, *more))


def ended(
    world: World, *words: str, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """A command of `yardlight-edge` on the topics of that world, once it has ended."""
    where = [*addresses(world), "--results-topic", world.topics.results_topic]
    command = [sys.executable, "-m", "edge.cli", *words, *where]
    around = os.environ | dict(environment or {})
    return finished(command, env=around)


def refusal(done: "subprocess.CompletedProcess[str]") -> str:
    """What a command that ended said on stderr, on one line. The Kafka client's log is left out: it
    may trip over its own socket while it closes.
    """
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert not any("Traceback" in line for line in lines), done.stderr
    return " ".join(" ".join(lines).replace("│", " ").split())


def options(world: World, *more: str) -> Sequence[str]:
    """The words that put `yardlight-edge run` into that world; `more` win over them."""
    usual = {
        "--bundle": str(world.bundle),
        "--group": world.group,
        "--engine": "onnxruntime",
        "--engine-cache": str(world.engine_cache),
        "--session-timeout": str(world.kafka.session_timeout),
        "--metrics-host": "127.0.0.1",
        "--metrics-port": "0",
        "--results-topic": world.topics.results_topic,
        "--drain-seconds": "30",
        **_addresses(world),
    }
    return [*_words({name: usual[name] for name in usual if name not in more}), *more]


def addresses(world: World) -> Sequence[str]:
    """The words that name the broker and the topics of that world, results excepted."""
    return _words(_addresses(world))


def _addresses(world: World) -> dict[str, str]:
    return {
        "--bootstrap-servers": world.kafka.bootstrap_servers,
        "--frames-topic": world.topics.frames_topic,
        "--dead-letters-topic": world.topics.dead_letters_topic,
        "--skipped-topic": world.topics.skipped_topic,
        "--models-topic": world.topics.models_topic,
        "--models-status-topic": world.topics.models_status_topic,
    }


def _words(named: dict[str, str]) -> list[str]:
    return [word for pair in named.items() for word in pair]


def get(url: str) -> tuple[int, str]:
    """Status and body of a page."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own service
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
