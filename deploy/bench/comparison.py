"""The engines of bundles measured in turn, so that what changes meanwhile meets all of them."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from deploy.bench.candidate import Candidate, Measured
from deploy.bench.conditions import before_and_after, conditions
from deploy.bench.stand import Stand
from deploy.build.cost import batch_sizes
from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle, Vouch
from deploy.engines import catalogue
from deploy.engines.kinds import EngineKind, Precision
from deploy.engines.record import RECORD, EngineRecord, Fingerprint, read_record

_ROUNDS = 5
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BenchSpec:
    """What is to be measured; all of a kind where none of it is named."""

    kinds: tuple[EngineKind, ...] = ()
    precisions: tuple[Precision, ...] = ()
    batches: tuple[int, ...] = ()
    seconds: float = 2.0
    """Of runs for each batch size of each engine."""

    def asks_for(self, made: Fingerprint) -> bool:
        return (not self.kinds or made.kind in self.kinds) and (
            not self.precisions or made.precision in self.precisions
        )


@dataclass(frozen=True, slots=True)
class Left:
    """An engine that was not measured."""

    folder: Path
    reason: str
    failed: bool
    """It fits this machine, and ended in the midst."""


@dataclass(frozen=True, slots=True)
class Comparison:
    measured: tuple[Measured, ...]
    left: tuple[Left, ...]
    conditions: dict[str, str]


def compare(places: Mapping[Path, Bundle], spec: BenchSpec, vouch: Vouch, tell: Tell) -> Comparison:
    """Measure every engine that fits this machine and was asked for.

    Args:
        places: folders of engines, and the bundle that those were built of.
        vouch: is asked about each record; raises if that engine must not be opened.

    Raises:
        Fatal: a folder has none.
    """
    candidates: list[Candidate] = []
    left: list[Left] = []
    for folder, bundle in places.items():
        found, others = _found(bundle, folder, spec, vouch)
        candidates += found
        left += others
        if not found:
            raise Fatal(_nothing(bundle, folder, others))
    with ExitStack() as stack:
        for candidate in candidates:
            stack.enter_context(candidate.stand)
        said = _in_turn(candidates, spec.seconds, tell)
        good = tuple(it.measured(said) for it in candidates if not it.failure)
    failed = (Left(it.stand.folder, it.failure, failed=True) for it in candidates if it.failure)
    return Comparison(good, (*left, *failed), said)


def _found(
    bundle: Bundle, folder: Path, spec: BenchSpec, vouch: Vouch
) -> tuple[list[Candidate], list[Left]]:
    """The engines that were asked for: those that fit, and why the others do not."""
    candidates, left = [], []
    for place in sorted(path.parent for path in folder.glob(f"*/{RECORD}")):
        try:
            record = read_record(place, vouch)
            if spec.asks_for(record.fingerprint):
                candidates.append(_candidate(bundle, place, record, spec, vouch))
        except Fatal as error:
            left.append(Left(place, str(error), failed=False))
    return candidates, left


def _candidate(
    bundle: Bundle, place: Path, record: EngineRecord, spec: BenchSpec, vouch: Vouch
) -> Candidate:
    """An engine that fits, was proven, and takes the batches that were asked for."""
    made = record.fingerprint
    catalogue.read_fitting(place, catalogue.here(bundle, made), vouch)
    most = made.max_batch
    if spec.batches and max(spec.batches) > most:
        raise Fatal(
            f"--batches: engine {place} takes at most {most} frames in a run, asked for are "
            f"{max(spec.batches)}: build it with --max-batch {max(spec.batches)}"
        )
    batches = tuple(sorted(set(spec.batches))) or tuple(batch_sizes(most))
    return Candidate(Stand(bundle, place, made), record, batches)


def _in_turn(candidates: list[Candidate], seconds: float, tell: Tell) -> dict[str, str]:
    """Measure them; returns what the machine was like."""
    for candidate in candidates:
        tell(f"loading {candidate.stand.folder.name}")
        candidate.begin()
    before = conditions()
    for number in range(_ROUNDS):
        tell(f"round {number + 1} of {_ROUNDS}")
        for candidate in candidates:
            candidate.run(seconds / _ROUNDS)
    return before_and_after(before, conditions())


def _nothing(bundle: Bundle, folder: Path, left: list[Left]) -> str:
    if left:
        return f"no engine can be measured here: {'; '.join(one.reason for one in left)}"
    return (
        f"{folder} holds no such engine: make one with yardlight-deploy build {bundle.folder} "
        "--engine … --precision …"
    )
