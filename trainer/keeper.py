"""Who keeps checkpoints: after each epoch, every few minutes, and when training is interrupted."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import sha256_of
from trainer.checkpoint import State, read_checkpoint, write_checkpoint
from trainer.data.batches import Batch
from trainer.errors import Diverged, WrongCheckpoint
from trainer.interruption import Interruption
from trainer.progress import Live
from trainer.ranks import Ranks
from trainer.settings import FitSettings
from trainer.training import Training

CHECKPOINT = "checkpoint.pt"
_OF_NO_MATTER = frozenset(
    {"data", "out", "overwrite", "name", "bundle_version", "run", "resume", "checkpoint_minutes"}
    | {"golden", "pictures", "cache", "weights", "teacher"}
)
"""Settings that change nothing that is learned; of data, weights and teacher the content counts."""
_MAY_CHANGE = frozenset({"lr", "patience", "threads", "device", "torch"})


class Keeper:
    def __init__(
        self,
        settings: FitSettings,
        digest: str,
        ranks: Ranks,
        live: Live,
        teacher: str | None = None,
    ) -> None:
        """`digest` is of the data set, `teacher` of the bundle that teaches."""
        self.path: Path = settings.run_folder / CHECKPOINT
        self._ranks, self._live = ranks, live
        self._about = _about(settings, digest) | {"teacher": teacher}
        self._seconds = settings.checkpoint_minutes * 60
        self._interruption = Interruption()
        self._written = time.monotonic()

    def left_off(self, *, resume: bool, overwrite: bool) -> State | None:
        """Where an earlier run left off; None begins anew.

        Raises:
            WrongCheckpoint: there is one that nobody asked to resume, or it is of another run.
        """
        if not self.path.exists():
            if resume:
                self._live.say(f"no checkpoint at {self.path}: beginning")
            return None
        if not resume:
            if overwrite:
                return None
            raise WrongCheckpoint(
                f"{self.path} is of a run that did not finish: --resume goes on with it, "
                "--overwrite begins anew"
            )
        state = read_checkpoint(self.path)
        assert state is not None
        return {**state, "changes": [*state["changes"], *self._changes(state)]}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While weights move: an interruption waits for the end of the step."""
        try:
            with self._interruption.heard():
                yield
        except Diverged as error:
            kept = f"{self.path} is kept" if self.path.exists() else "there was no checkpoint yet"
            raise Diverged(f"{error}; {kept}") from error

    def watched(self, batches: Iterable[Batch], training: Training) -> Iterator[Batch]:
        """Pass batches on. When the next one is asked for, the step with the last one is done."""
        for batch in batches:
            yield batch
            self._after_step(training)

    def keep(self, training: Training) -> None:
        """Write a checkpoint. A full disk is said and does not end the training."""
        self._written = time.monotonic()
        if not self._ranks.is_first:
            return
        try:
            self._write(training)
        except Fatal as error:
            self._live.say(f"warning: {error}; {self._older()}")

    def done(self) -> None:
        """The bundle is there: nothing is left to resume."""
        if self._ranks.is_first:
            self.path.unlink(missing_ok=True)

    def _after_step(self, training: Training) -> None:
        if self._ranks.any(self._interruption.is_asked):
            if self._ranks.is_first:
                self._write(training)
                self._live.say(f"step {training.learner.step} is kept: --resume goes on from there")
            self._interruption.obey()
        due = time.monotonic() - self._written >= self._seconds
        if due and self._ranks.is_first:
            self.keep(training)

    def _write(self, training: Training) -> None:
        training.learner.insist_on_numbers()
        write_checkpoint(self.path, {"about": self._about, **training.state()})

    def _older(self) -> str:
        return "the one before is kept" if self.path.exists() else "there is none yet"

    def _changes(self, state: State) -> list[str]:
        """What is set otherwise than in the run that left off.

        Raises:
            WrongCheckpoint: something that one run cannot change on its way.
        """
        before, now = state["about"], self._about
        other = sorted(key for key in {*before, *now} if before.get(key) != now.get(key))
        fixed = [key for key in other if key not in _MAY_CHANGE]
        if fixed:
            said = ", ".join(f"{key} {before.get(key)} then, {now.get(key)} now" for key in fixed)
            raise WrongCheckpoint(f"{self.path} is of another run: {said}")
        step = state["learner"]["step"]
        return [f"from step {step}: {key} {now[key]} instead of {before[key]}" for key in other]


def _about(settings: FitSettings, digest: str) -> dict[str, Any]:
    """What a run is, in words that can be compared."""
    about = {
        key: None if value is None else str(value)
        for key, value in asdict(settings).items()
        if key not in _OF_NO_MATTER
    }
    weights = settings.weights
    about["weights"] = sha256_of(weights) if weights is not None and weights.is_file() else None
    return about | {"data": digest, "torch": str(torch.__version__)}
