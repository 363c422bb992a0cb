"""A node that was away, or was killed, is where it should be after its next start."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from deploy.bundle.manifest import MODEL
from tests.candidates import make_candidate
from tests.integration.running import Command
from tests.integration.test_rollout import traffic
from tests.integration.world import World, pictures
from tests.integration.yard import Yard
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def yard(apache_world: World, tmp_path: Path) -> Yard:
    return Yard(apache_world, tmp_path)


def begun(node: Command) -> set[int]:
    """The generations that it had to do with."""
    return {line["generation"] for line in node.lines() if line["event"] == "roll-out"}


def test_a_node_that_was_off_during_three_takes_the_newest_and_keeps_it_over_restarts(
    yard: Yard, tmp_path: Path
) -> None:
    newest = make_candidate(tmp_path / "newest")
    for number in "12":
        yard.ordered(tmp_path / f"gone-{number}", f"sha256:{number * 64}")
    assert yard.ordered(newest.folder) == 3
    with yard.node("one") as node, traffic(yard.world):
        yard.wait(3, "serving")
        assert node.stop() == 0, node.said()
    assert begun(node) == {0, 3}
    # From its cache: where it was fetched from is gone.
    shutil.rmtree(newest.folder)
    assert yard.ordered(tmp_path / "gone-4", f"sha256:{'4' * 64}") == 4
    with yard.node("one") as node:
        assert yard.wait(4, "failed").serving == newest.digest
        assert node.stop() == 0, node.said()
    with yard.node("one") as node:
        node.ready()
        before = {it.frame.id for it in yard.world.results(1)}
        yard.world.send(pictures(4))
        after = yard.world.results(len(before) + 4)
        assert node.stop() == 0, node.said()
    # What failed is not tried again.
    assert '"fetching"' not in node.said()
    assert after[-1].model.digest == newest.digest


class Halting(SimpleHTTPRequestHandler):
    """Stops in the middle of the network until it may go on."""

    half_way, go_on = Event(), Event()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        data = source.read()
        outputfile.write(data[: len(data) // 2])
        outputfile.flush()
        if self.path.endswith(MODEL):
            self.half_way.set()
            self.go_on.wait(PATIENCE)
        outputfile.write(data[len(data) // 2 :])

    def log_message(self, *_: object) -> None:
        """Not into the tests' own output."""


@contextmanager
def halting(folder: Path) -> Iterator[str]:
    handler = partial(Halting, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            Halting.go_on.set()
            server.shutdown()
            thread.join()


def test_a_node_that_is_killed_in_the_middle_of_a_download_finishes_it_after_its_next_start(
    yard: Yard, tmp_path: Path
) -> None:
    new = make_candidate(tmp_path / "new")
    with halting(new.folder) as address, traffic(yard.world):
        with yard.node("one") as node:
            node.ready()
            assert yard.ordered_from(address, new.digest) == 1
            wait_until(Halting.half_way.is_set, "half a download")
            node.stop(signal.SIGKILL)
        assert not (yard.cache("one") / "yard" / new.digest[7:23]).exists()
        Halting.go_on.set()
        with yard.node("one") as node:
            assert yard.wait(1, "serving").serving == new.digest
            assert node.stop() == 0, node.said()
