"""The engine that the service runs: the one wanted, or the best that fits until it is built."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle
from deploy.bundle.reference import check_model
from deploy.engines import catalogue
from deploy.engines.protocol import Engine
from deploy.engines.record import EngineRecord, Fingerprint
from deploy.engines.standby import stand_by
from edge.building import build
from edge.observe.logs import get_logger
from edge.settings.engine import EngineSettings
from edge.shelf import Shelf

_log = get_logger("engine")


@dataclass(frozen=True, slots=True)
class Provision:
    """A loaded engine with its record, and the bundle that it was compiled from."""

    bundle: Bundle
    engine: Engine
    record: EngineRecord
    folder: Path
    """Where the engine lies, for whoever loads it once more."""
    fallback: bool
    """`auto` found nothing better than the reference engine."""
    successor: Fingerprint | None = None
    """What is to be built meanwhile and to take over; None where this is the one wanted."""


def unheard(_: str) -> None:
    """Nobody listens to the progress."""


def provide_engine(
    bundle: Bundle,
    settings: EngineSettings,
    stopping: Callable[[float], bool],
    tell: Callable[[str], None] = unheard,
    background: bool = False,
    niceness: int = 0,
) -> Provision | None:
    """Find the engine that fits, build it if there is none, and load it; None if told to stop.

    Args:
        stopping: waits up to that many seconds and returns whether to stop.
        tell: hears what the builder is doing.
        background: take another engine that fits, where there is one, instead of building first.
        niceness: how far the builder gives way to others, 0 to 19.

    Raises:
        MissingDriver: the engine's library is not installed.
        Fatal: none fits and none may be built, or the build failed.
    """
    chosen = catalogue.choose(settings.engine)
    _log.info("engine chosen", engine=chosen.kind, why=chosen.why)
    wanted = catalogue.fingerprint(bundle, chosen.kind, settings.precision, settings.max_batch)
    shelf = Shelf(bundle, settings)
    if shelf.find(wanted) is None:
        # An engine that is there was built from a model that fits its manifest.
        check_model(bundle)
        if not settings.may_build:
            raise Fatal(_refusal(shelf))
        if background and (found := _meanwhile(shelf, wanted)):
            return Provision(bundle, *found, chosen.fallback, successor=wanted)
        if not build(shelf, wanted, stopping, tell, niceness):
            return None
    return Provision(bundle, *load(shelf, wanted), chosen.fallback)


def load(shelf: Shelf, wanted: Fingerprint) -> tuple[Engine, EngineRecord, Path]:
    """Load the engine that is wanted, which lies there by now; and where.

    Raises:
        Fatal: it is not there, may not run or does not load.
    """
    folder = shelf.find(wanted)
    if folder is None:
        raise Fatal(f"{shelf.cache} holds no engine {wanted.key}, though it was built")
    if shelf.settings.accept_unproven_engine:
        _log.warning("the engine's certificate is not looked at, as was asked for")
    engine, record = shelf.load(folder, wanted)
    _log.info("engine loaded", folder=str(folder), digest=record.digest)
    return engine, record, folder


def _meanwhile(shelf: Shelf, wanted: Fingerprint) -> tuple[Engine, EngineRecord, Path] | None:
    """The fastest engine that fits and is proven, else the reference, else nothing."""
    ready = sorted(shelf.fitting(), key=lambda it: it[1].cost.seconds(1))
    for folder, fitting in ready:
        try:
            engine, record = shelf.load(folder, fitting.fingerprint)
        except Fatal as error:
            _log.warning("an engine that fits does not load", key=folder.name, error=str(error))
            continue
        _log.info("serving with an engine that fits until the wanted one is built", key=folder.name)
        return engine, record, folder
    if wanted.kind == "onnxruntime":
        return None
    _log.info("serving with the reference until the wanted engine is built")
    try:
        return *stand_by(shelf.bundle, wanted.max_batch), shelf.bundle.folder
    except Fatal as error:
        _log.warning("the reference cannot serve meanwhile", error=str(error))
        return None


def _refusal(shelf: Shelf) -> str:
    which = "--engine-rebuild never" if shelf.settings.build else "--no-build"
    places = f"{shelf.bundle.engines} or {shelf.cache}"
    return f"no engine in {places} fits, and {which} forbids to build one{shelf.misfits()}"
