"""The same picture twice: by its bytes, by what it shows, and on both sides of the split."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from trainer.checking.finding import Finding
from trainer.checking.measured import Measured
from trainer.collection.folder import Entry
from trainer.collection.shows import Labels
from trainer.likeness.groups import Groups


def duplicates(
    entries: Sequence[Entry], measured: Mapping[str, Measured], shows: Mapping[str, Labels]
) -> Iterator[Finding]:
    """All but the first of those with the same bytes; `shows` tells what each path shows."""
    same: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if measured[entry.path].sha256:
            same[measured[entry.path].sha256].append(entry)
    for first, *others in same.values():
        for other in others:
            said, of_first = shows[other.path], shows[first.path]
            if said == of_first:
                says = f"the same bytes as {first.path}"
                yield Finding("duplicate", other.path, says, other=first.path)
            else:
                says = f"labelled {_named(said)}, and {_named(of_first)} as {first.path}"
                yield Finding("disagreement", other.path, says, other=first.path)


def _named(labels: Labels) -> str:
    return ", ".join(labels or ()) or ("by nobody" if labels is None else "none")


def near_duplicates(
    entries: Sequence[Entry], measured: Mapping[str, Measured], groups: Groups
) -> Iterator[Finding]:
    """All but the first of each group, but for those with the first one's bytes."""
    for first, *others in groups.of(len(entries)):
        for number in others:
            path, kept = entries[number].path, entries[first].path
            if measured[path].sha256 != measured[kept].sha256:
                yield Finding("near-duplicate", path, f"shows the same as {kept}", other=kept)


def leaks(entries: Sequence[Entry], groups: Groups) -> Iterator[Finding]:
    """Pictures to learn from that show the same as one to measure with."""
    for members in groups.of(len(entries)):
        by_split: dict[str, list[str]] = defaultdict(list)
        for number in members:
            by_split[entries[number].split].append(entries[number].path)
        if len(by_split) > 1:
            measured_with = by_split.get("val") or min(by_split.values())
            for split, paths in by_split.items():
                if paths is not measured_with:
                    yield from (_leak(path, split, measured_with[0]) for path in paths)


def _leak(path: str, split: str, other: str) -> Finding:
    return Finding("leak", path, f"in {split}, and shows the same as {other}", other=other)
