"""All of `check`, from top to bottom: measure, compare, predict, and say what was found."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from trainer.checking.features import Network, network_features
from trainer.checking.finding import Finding
from trainer.checking.judging import judge
from trainer.checking.labelled import Labelled
from trainer.checking.labels import outliers
from trainer.checking.likeness import alike
from trainer.checking.measured import Measured
from trainer.checking.measuring import measure
from trainer.checking.plain import Features
from trainer.checking.quality import poor_pictures
from trainer.checking.sameness import duplicates, leaks, near_duplicates
from trainer.collection.folder import DataSet, Entry
from trainer.collection.hashed import Version
from trainer.collection.shows import Shows, read_shows
from trainer.likeness.groups import Groups
from trainer.progress import Live
from trainer.settings import NOTHING

_IMBALANCED = 5
"""So many times more pictures of one label than of another are worth a word."""


@dataclass(slots=True)
class Examination:
    """What there is, and what is wrong with it."""

    data: DataSet
    version: Version
    shows: Shows
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What concerns the data set as a whole, in sentences."""
    ranking: list[tuple[str, float]] = field(default_factory=list)
    """Every picture with a label and the quality of that label, the likeliest wrong first."""

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Split → label → pictures; one that shows several counts for each."""
        found: dict[str, Counter[str]] = {}
        for entry in self.data.entries:
            labels = self.shows.of[entry.path]
            split = found.setdefault(entry.split, Counter())
            split.update(("(no label)",) if labels is None else labels or (NOTHING,))
        return {split: dict(sorted(labels.items())) for split, labels in found.items()}


def examine(
    data: DataSet, nothing: str, kept: Path, network: Network | None, threads: int, live: Live
) -> Examination:
    """Look at a data set.

    Args:
        data: the pictures.
        nothing: a label that says that none of the others is there, where there are several.
        kept: folder where all that was found out is kept for the next run.
        network: tells pictures apart; edges, colours and surfaces do where there is none.
        threads: CPU threads; 0 takes every core.
        live: shows how far it is.
    """
    measured = measure(data, kept, threads, live.count)
    files = {entry.path: (entry, measured[entry.path].sha256) for entry in data.entries}
    shows = read_shows(data, nothing)
    found = Examination(
        data, Version(str(data.root), files, shows.of), shows, notes=list(shows.notes)
    )
    found.findings += [
        Finding("unreadable", path, one.problem) for path, one in measured.items() if one.problem
    ]
    entries = [entry for entry in data.entries if not measured[entry.path].problem]
    readable = Readable(entries, [measured[entry.path] for entry in entries])
    found.findings += duplicates(data.entries, measured, shows.of)
    groups = alike(readable.measured, kept, threads, live.count)
    found.findings += near_duplicates(entries, measured, groups)
    found.findings += leaks(entries, groups)
    found.findings += _poor(readable, kept)
    if network is None:
        features, name = _plain(readable), "judged"
    else:
        looked_at = [(one.sha256, data.place(entry)) for entry, one in readable.pairs]
        asked = network.knowing(looked_at, kept, live.say)
        features = network_features(asked, looked_at, kept, threads, live.count)
        name = f"judged-{asked.name}"
    _judge_labels(found, entries, features, groups, kept / f"{name}.msgpack", live)
    found.notes += _balance(found.counts, several=shows.several)
    return found


@dataclass(frozen=True, slots=True)
class Readable:
    """Pictures that can be decoded, and what was measured of each."""

    entries: Sequence[Entry]
    measured: Sequence[Measured]

    @property
    def pairs(self) -> Iterator[tuple[Entry, Measured]]:
        return zip(self.entries, self.measured, strict=True)


def _poor(readable: Readable, kept: Path) -> Iterator[Finding]:
    return poor_pictures(
        [entry.path for entry in readable.entries],
        [one.qualities for one in readable.measured],
        [(one.width, one.height) for one in readable.measured],
        kept / "poor.msgpack",
    )


def _plain(readable: Readable) -> Features:
    """float32 [N, F]: what tells pictures apart without a network."""
    plain = [np.frombuffer(one.features, np.float32) for one in readable.measured]
    return np.array(plain, np.float32).reshape(len(plain), -1)


def _judge_labels(
    found: Examination,
    entries: Sequence[Entry],
    features: Features,
    groups: Groups,
    kept: Path,
    live: Live,
) -> None:
    """Wrong labels and outliers, as far as there is something to learn from."""
    numbers = [
        number for number, entry in enumerate(entries) if found.shows.of[entry.path] is not None
    ]
    labelled = Labelled.of([entries[number].path for number in numbers], found.shows)
    roots = [groups.root(number) for number in numbers]
    judged = judge(features, numbers, labelled.questions, roots, labelled.fewest, kept, live.count)
    labelled.judged(judged.opinions)
    found.ranking += labelled.ranking
    found.findings += labelled.findings
    found.notes += labelled.notes
    for at in outliers(np.array(judged.nearness)):
        says = "resembles nothing else in the data set"
        found.findings.append(Finding("outlier", entries[at].path, says, judged.nearness[at]))


def _balance(counts: Mapping[str, Mapping[str, int]], *, several: bool) -> Iterator[str]:
    """Labels that are rare, or that a split has none of."""
    no_labels = {"(no label)", NOTHING} if several else {"(no label)"}
    every = {label for labels in counts.values() for label in labels} - no_labels
    if len(every) == 1 and not several:
        yield f"There is one label, {min(every)}: to classify takes at least two."
    for split, labels in counts.items():
        known = {label: count for label, count in labels.items() if label in every}
        missing = sorted(every - known.keys())
        if missing and known:
            yield f"{split or 'The data set'} has no pictures of {', '.join(missing)}."
        if known and max(known.values()) >= _IMBALANCED * min(known.values()):
            most, least = max(known, key=known.__getitem__), min(known, key=known.__getitem__)
            yield (
                f"{split or 'The data set'} is imbalanced: {known[most]} pictures of {most}, "
                f"{known[least]} of {least}."
            )
