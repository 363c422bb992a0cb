"""Frames that end the process which decodes them, and members that a supervisor starts again.

No flaw of a real decoder is at hand, so that of the service and of its children is replaced: a
`sitecustomize` on their path has it fall over what follows the end of a picture, which is ignored
otherwise.
"""

import textwrap
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.integration.running import Command, command, options
from tests.integration.world import Sent, World
from tests.waiting import PATIENCE, wait_until

SEGFAULT, HANG, FREEZE = b"#segfault#", b"#hang#", b"#freeze#"
GATE = b"#gate#"
"""Waits until `open_gate`."""
_DECODER = """
import ctypes, os, signal, time
from deploy.bundle import pixels

decode = pixels.decode
OPEN = os.path.join(os.path.dirname(__file__), "open")

def poisoned(data, spec, limits):
    if b"#segfault#" in data:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"#hang#" in data:
        time.sleep(3600)
    if b"#freeze#" in data:
        ctypes.PyDLL(None).sleep(3600)  # holds the interpreter's lock meanwhile
    while b"#gate#" in data and not os.path.exists(OPEN):
        time.sleep(0.05)
    return decode(data, spec, limits)

pixels.decode = poisoned
"""


def poisonous(frame: Sent, poison: bytes) -> Sent:
    """The same picture, which ends whoever decodes it."""
    return replace(frame, value=(frame.value or b"") + poison)


def decoder_that_falls(folder: Path) -> Mapping[str, str]:
    """The environment in which a service and its children have that decoder."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(textwrap.dedent(_DECODER), encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


def open_gate(environment: Mapping[str, str]) -> None:
    """Let the frames through that wait in that decoder."""
    (Path(environment["PYTHONPATH"]) / "open").touch()


@dataclass(slots=True)
class Supervised:
    """Members of a group, each started again when it ends, as systemd would."""

    world: World
    folder: Path
    words: tuple[str, ...]
    environment: dict[str, str]
    stack: ExitStack
    members: dict[str, Command] = field(default_factory=dict)
    deaths: list[Command] = field(default_factory=list)

    def mend(self) -> None:
        for name, running in list(self.members.items()):
            if not running.running:
                self.deaths.append(running)
                self.members[name] = self.start(name)

    def start(self, name: str) -> Command:
        log = self.folder / f"{name}-{len(self.deaths)}.log"
        words = options(self.world, "--member", name, *self.words)
        started = command(log, "edge.cli", "run", *words, environment=self.environment)
        return self.stack.enter_context(started)

    def until_done(self) -> None:
        """Wait until every frame that was sent is below the committed offsets."""

        def done() -> bool:
            self.mend()
            return self.world.audit().pending == 0

        wait_until(done, "the end of the backlog", 2 * PATIENCE)

    def said(self) -> str:
        """All logs, those of the dead first."""
        return "\n".join(it.said() for it in [*self.deaths, *self.members.values()])

    def stop(self) -> list[int]:
        """Their exit statuses."""
        return [running.stop() for running in self.members.values()]


@contextmanager
def supervised(world: World, folder: Path, *words: str, members: int = 1) -> Iterator[Supervised]:
    """So many members whose decoder falls over poison."""
    environment = dict(decoder_that_falls(folder / "decoder"))
    with ExitStack() as stack:
        made = Supervised(world, folder, words, environment, stack)
        for number in range(members):
            made.members[f"member-{number}"] = made.start(f"member-{number}")
        yield made
