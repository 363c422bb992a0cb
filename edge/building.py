"""An engine is built by a child process: this one needs no builder, and outlives its crash."""

import os
import subprocess
from collections.abc import Callable
from threading import Thread

from deploy.bundle.errors import Fatal
from deploy.bundle.start import own_program
from deploy.engines.drafts import sweep
from deploy.engines.record import Fingerprint
from edge.observe.logs import get_logger
from edge.process import end, tied
from edge.shelf import Shelf

_log = get_logger("engine")
_LOOK_AGAIN_SECONDS = 0.1
_GRACE_SECONDS = 0.5
"""A compiler may not hear of a signal for minutes."""
_OWNER_ONLY = 0o077


def build(
    shelf: Shelf,
    wanted: Fingerprint,
    stopping: Callable[[float], bool],
    tell: Callable[[str], None],
    niceness: int = 0,
) -> bool:
    """Run `yardlight-deploy build` into the cache; False if told to stop meanwhile.

    Whoever else builds the same engine there is waited for, and theirs is taken.

    Args:
        stopping: waits up to that many seconds and returns whether to stop.
        tell: hears what the builder is doing.
        niceness: how far the builder gives way to others, 0 to 19.

    Raises:
        Fatal: the cache cannot be used, or the build failed; says why.
    """
    shelf.prepare()
    _log.info("no engine fits this machine, building one", key=wanted.key, into=str(shelf.cache))
    said: list[str] = []
    with subprocess.Popen(
        tied(_command(shelf, wanted)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        umask=_OWNER_ONLY,
    ) as child:
        if niceness:
            os.setpriority(os.PRIO_PROCESS, child.pid, niceness)
        progress = Thread(target=_relay, args=(child, said, tell), name="progress", daemon=True)
        progress.start()
        try:
            while child.poll() is None:
                if stopping(_LOOK_AGAIN_SECONDS):
                    return False
            progress.join()
        finally:
            end(child, _GRACE_SECONDS)
            sweep(shelf.cache, child.pid)
    if child.returncode != 0:
        why = said[-1] if said else f"exit status {child.returncode}"
        reason = why.removeprefix("error: ")
        raise Fatal(f"the engine could not be built into {shelf.cache}: {reason}")
    return True


def _command(shelf: Shelf, wanted: Fingerprint) -> list[str]:
    return [
        *(*own_program("deploy.cli"), "build", str(shelf.bundle.folder)),
        *("--engine", wanted.kind, "--precision", wanted.precision),
        *("--max-batch", str(wanted.max_batch), "--into", str(shelf.cache)),
        "--reuse",
    ]


def _relay(child: "subprocess.Popen[str]", said: list[str], tell: Callable[[str], None]) -> None:
    """Hand the builder's progress on, and keep it for the error if it fails."""
    assert child.stderr is not None
    for line in child.stderr:
        said.append(line.strip())
        _log.info("building", progress=line.strip())
        tell(line.strip())
