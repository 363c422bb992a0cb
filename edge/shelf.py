"""The engines that lie ready for a bundle: those that came with it, and those that were built here.

Nothing of either is opened before it is known to be what it should be: what came with the bundle by
its signature, where keys are trusted, and what was built here by lying where only we can write.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle, anybody
from deploy.bundle.signature import read_trust
from deploy.engines import catalogue
from deploy.engines.owned import make_owned, refuse_foreign
from deploy.engines.protocol import Engine
from deploy.engines.record import RECORD, EngineRecord, Fingerprint, read_record
from edge.settings.engine import EngineSettings

_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where engines for one bundle lie, and which of them may run."""

    bundle: Bundle
    settings: EngineSettings

    @property
    def cache(self) -> Path:
        """Folder for engines that are built here, bound to the bundle by its digest."""
        digest = self.bundle.digest.removeprefix("sha256:")
        return self.settings.engine_cache / digest[:_DIGITS]

    def find(self, wanted: Fingerprint) -> Path | None:
        """The folder of the engine with exactly this fingerprint."""
        return catalogue.find(wanted, (self.bundle.engines, self.cache))

    def record(self, folder: Path, wanted: Fingerprint) -> EngineRecord:
        """The record of an engine that may run.

        Raises:
            Fatal: it does not fit, is damaged, was not proven, is not signed by anybody who is
                trusted, or lies where others can write.
        """
        shipped = folder.parent == self.bundle.engines
        if not shipped:
            refuse_foreign(self.settings.engine_cache, folder)
        vouch = read_trust(self.settings.trust).vouch if shipped else anybody
        unproven = self.settings.accept_unproven_engine
        return catalogue.read_fitting(folder, wanted, vouch, unproven=unproven)

    def load(self, folder: Path, wanted: Fingerprint) -> tuple[Engine, EngineRecord]:
        """Load an engine that may run.

        Raises:
            Fatal: it may not run, or does not load.
        """
        record = self.record(folder, wanted)
        return catalogue.load(self.bundle, folder, wanted.kind, wanted.precision), record

    def prepare(self) -> None:
        """Make the cache, for ourselves alone.

        Raises:
            Fatal: it cannot be made or written, or others can write it.
        """
        make_owned(self.cache)
        refuse_foreign(self.settings.engine_cache)

    def fitting(self) -> Iterator[tuple[Path, EngineRecord]]:
        """Every engine that fits this machine and bundle and may run, whatever its precision."""
        for folder in self._folders():
            try:
                here = catalogue.here(self.bundle, read_record(folder).fingerprint)
                record = self.record(folder, here)
            except (Fatal, OSError):
                continue
            yield folder, record

    def misfits(self) -> str:
        """Why each engine that is there does not fit, for whoever may not build one."""
        said = list(filter(None, map(self._misfit, self._folders())))
        return "".join(f"; {sentence}" for sentence in said)

    def _misfit(self, folder: Path) -> str:
        try:
            found = read_record(folder).fingerprint
            here = catalogue.here(self.bundle, found)
        except Fatal as error:
            return str(error)
        found_for = f"{found.kind} {found.precision}, at most {found.max_batch} frames a run"
        return f"{folder} was built for {found.misfit(here) or found_for}"

    def _folders(self) -> list[Path]:
        places = (self.bundle.engines, self.cache)
        return [path.parent for place in places for path in sorted(place.glob(f"*/{RECORD}"))]
