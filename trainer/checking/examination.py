"""All of `check`, from top to bottom: measure, compare, predict, and say what was found."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from deploy.bundle.manifest import Bundle
from trainer.checking.features import network_features
from trainer.checking.finding import Finding
from trainer.checking.labels import label_quality, outlier_scores, outliers
from trainer.checking.measured import (
    Measured,
    read_compared,
    read_measured,
    write_compared,
    write_measured,
)
from trainer.checking.measuring import measure
from trainer.checking.plain import Features
from trainer.checking.predictions import cross_validated, folds_possible
from trainer.checking.quality import poor_pictures
from trainer.checking.sameness import duplicates, leaks, near_duplicates
from trainer.collection.folder import DataSet, Entry
from trainer.collection.hashed import Version
from trainer.likeness.grey import SIDE
from trainer.likeness.groups import Groups
from trainer.likeness.near import near_duplicates as compare
from trainer.progress import Live

_IMBALANCED = 5
"""So many times more pictures of one label than of another are worth a word."""


@dataclass(slots=True)
class Examination:
    """What there is, and what is wrong with it."""

    data: DataSet
    version: Version
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What concerns the data set as a whole, in sentences."""
    ranking: list[tuple[str, float]] = field(default_factory=list)
    """Every picture with a label and the quality of that label, the likeliest wrong first."""

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Split → label → pictures."""
        found: dict[str, Counter[str]] = {}
        for entry in self.data.entries:
            split = found.setdefault(entry.split, Counter())
            split[entry.label if entry.label is not None else "(no label)"] += 1
        return {split: dict(sorted(labels.items())) for split, labels in found.items()}


def examine(
    data: DataSet, kept: Path, bundle: Bundle | None, threads: int, live: Live
) -> Examination:
    """Look at a data set.

    Args:
        kept: folder where measurements are kept for the next run.
        bundle: whose embedding tells pictures apart; edges and colours do where there is none.
    """
    keep = partial(write_measured, kept)
    measured = measure(data, read_measured(kept), threads, live.count, keep)
    files = {entry.path: (entry, measured[entry.path].sha256) for entry in data.entries}
    found = Examination(data, Version(str(data.root), files))
    found.findings += [
        Finding("unreadable", path, one.problem) for path, one in measured.items() if one.problem
    ]
    readable = [entry for entry in data.entries if not measured[entry.path].problem]
    found.findings += duplicates(data.entries, measured)
    groups = _alike(readable, measured, kept, threads, live)
    found.findings += near_duplicates(readable, measured, groups)
    found.findings += leaks(readable, groups)
    found.findings += _poor(readable, measured)
    features = _features(data, readable, measured, kept, bundle, threads, live)
    _judge_labels(found, readable, features, groups)
    found.notes += _balance(found.counts)
    return found


def _alike(
    entries: Sequence[Entry],
    measured: Mapping[str, Measured],
    kept: Path,
    threads: int,
    live: Live,
) -> Groups:
    flat = np.frombuffer(b"".join(measured[entry.path].grey for entry in entries), np.uint8)
    greys = flat.reshape(len(entries), SIDE, SIDE)
    compared = read_compared(kept)
    groups = compare(greys, live.count, compared, threads)
    write_compared(kept, compared)
    return groups


def _poor(entries: Sequence[Entry], measured: Mapping[str, Measured]) -> Iterator[Finding]:
    all_of = [measured[entry.path] for entry in entries]
    return poor_pictures(
        [entry.path for entry in entries],
        [one.qualities for one in all_of],
        [(one.width, one.height) for one in all_of],
    )


def _features(
    data: DataSet,
    entries: Sequence[Entry],
    measured: Mapping[str, Measured],
    kept: Path,
    bundle: Bundle | None,
    threads: int,
    live: Live,
) -> Features:
    """float32 [N, F]: what tells the pictures apart."""
    if bundle is None:
        plain = [np.frombuffer(measured[entry.path].features, np.float32) for entry in entries]
        return np.array(plain, np.float32).reshape(len(entries), -1)
    files = [(measured[entry.path].sha256, data.place(entry)) for entry in entries]
    return network_features(bundle, files, kept, threads, live.count)


def _judge_labels(
    found: Examination, entries: Sequence[Entry], features: Features, groups: Groups
) -> None:
    """Wrong labels and outliers, as far as there is something to learn from."""
    numbers = [number for number, entry in enumerate(entries) if entry.label is not None]
    labels = sorted({str(entries[number].label) for number in numbers})
    targets = np.array([labels.index(str(entries[number].label)) for number in numbers], np.int64)
    roots = [groups.root(number) for number in numbers]
    if folds_possible(targets, roots) > 1:
        answers = cross_validated(features[numbers], targets, roots)
        quality = label_quality(targets, answers)
        order = np.argsort(quality.scores, kind="stable")
        paths = [entries[number].path for number in numbers]
        found.ranking = [(paths[at], float(quality.scores[at])) for at in order]
        for at in order[quality.wrong[order]].tolist():
            other = labels[int(answers[at].argmax())]
            says = f"labelled {labels[targets[at]]}, looks like {other} ({answers[at].max():.0%})"
            found.findings.append(
                Finding("wrong-label", paths[at], says, float(quality.scores[at]), suggests=other)
            )
    else:
        found.notes.append(
            "Labels were not judged: that takes two labels, each with two pictures that differ."
        )
    scores = outlier_scores(features)
    for at in outliers(scores):
        says = "resembles nothing else in the data set"
        found.findings.append(Finding("outlier", entries[at].path, says, float(scores[at])))


def _balance(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Labels that are rare, or that a split has none of."""
    every = {label for labels in counts.values() for label in labels if label != "(no label)"}
    if len(every) == 1:
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
