"""The engine that the service runs: found, or built on this machine by a child process."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle
from deploy.bundle.start import own_program
from deploy.engines import catalogue
from deploy.engines.protocol import Engine
from deploy.engines.record import EngineRecord, Fingerprint
from edge.observe.logs import get_logger
from edge.settings import EngineSettings

_log = get_logger("engine")
_LOOK_AGAIN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Provision:
    """A loaded engine with its record."""

    engine: Engine
    record: EngineRecord
    folder: Path
    """Where the engine lies, for whoever loads it once more."""
    fallback: bool
    """`auto` found nothing better than the reference engine."""


def provide_engine(
    bundle: Bundle, settings: EngineSettings, stopping: Callable[[float], bool]
) -> Provision | None:
    """Find the engine that fits, build it if there is none, and load it; None if told to stop.

    Args:
        stopping: waits up to that many seconds and returns whether to stop.

    Raises:
        MissingDriver: the engine's library is not installed.
        Fatal: none fits and none may be built, or the build failed.
    """
    chosen = catalogue.choose(settings.engine)
    _log.info("engine chosen", engine=chosen.kind, why=chosen.why)
    wanted = catalogue.fingerprint(bundle, chosen.kind, settings.precision, settings.max_batch)
    cache = settings.engine_cache / bundle.digest.removeprefix("sha256:")[:16]
    folder = catalogue.find(wanted, (bundle.engines, cache))
    if folder is None:
        if not settings.build:
            raise Fatal(f"no engine in {bundle.engines} or {cache} fits, and --no-build forbids it")
        if not _build(bundle, wanted, cache, stopping):
            return None
        folder = cache / wanted.key
    record = catalogue.read_fitting(folder, wanted)
    engine = catalogue.load(bundle, folder, chosen.kind, settings.precision)
    _log.info("engine loaded", folder=str(folder), digest=record.digest)
    return Provision(engine, record, folder, chosen.fallback)


def _build(
    bundle: Bundle, wanted: Fingerprint, cache: Path, stopping: Callable[[float], bool]
) -> bool:
    """Run `yardlight-deploy build` beside this process; False if told to stop meanwhile."""
    _log.info("no engine fits this machine, building one", key=wanted.key, into=str(cache))
    command = [
        *(*own_program("deploy.cli"), "build", str(bundle.folder)),
        *("--engine", wanted.kind, "--precision", wanted.precision),
        *("--max-batch", str(wanted.max_batch), "--into", str(cache)),
        "--reuse",
    ]
    said: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as child:
        progress = Thread(target=_relay, args=(child, said), name="build-progress", daemon=True)
        progress.start()
        while child.poll() is None:
            if stopping(_LOOK_AGAIN_SECONDS):
                child.terminate()
                return False
        progress.join()
    if child.returncode != 0:
        why = said[-1] if said else f"exit status {child.returncode}"
        raise Fatal(f"the engine could not be built: {why}")
    return True


def _relay(child: "subprocess.Popen[str]", said: list[str]) -> None:
    """Hand the builder's progress on to our log, and keep it for the error if it fails."""
    assert child.stderr is not None
    for line in child.stderr:
        said.append(line.strip())
        _log.info("building", progress=line.strip())
