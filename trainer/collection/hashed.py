"""A data set as a version: every picture with its hash, and one digest over all of them."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from deploy.bundle.manifest import sha256_of
from trainer.collection.folder import Entry, read_data_set
from trainer.collection.shows import Labels, label_of, read_shows
from trainer.data.digest import digest_of
from trainer.errors import DataError

Watch: TypeAlias = Callable[[str, Iterable[str], int], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Version:
    """Path → entry and sha256 of each picture."""

    name: str
    files: Mapping[str, tuple[Entry, str]]
    shows: Mapping[str, Labels]
    """Path → labels."""

    @property
    def digest(self) -> str:
        """That of the pictures with a label in train and val, as `fit` names it in a bundle."""
        return digest_of(
            (path, found, labels)
            for path, (_, found) in self.files.items()
            if (labels := self.shows[path]) is not None
        )


def read_version(where: Path, nothing: str, watch: Watch) -> Version:
    """A data set's folder, or what `check` wrote of one.

    Args:
        where: it.
        nothing: a label that says that none of the others is there, where there are several.
        watch: shows how far it is.

    Raises:
        DataError: neither of them.
    """
    if where.is_file():
        return _listed(where)
    data = read_data_set(where)
    with ThreadPoolExecutor() as pool:
        hashes = pool.map(lambda entry: sha256_of(data.place(entry)), data.entries)
        found = list(watch(f"reading {where}", hashes, len(data.entries)))
    files = {entry.path: (entry, hash_) for entry, hash_ in zip(data.entries, found, strict=True)}
    return Version(str(where), files, read_shows(data, nothing).of)


def document_of(version: Version) -> list[dict[str, Any]]:
    """The list of files in `check.json`, which `_listed` reads: with `labels` where the folder's
    label does not say them.
    """
    return [
        {"path": path, "split": entry.split, "label": entry.label, "sha256": found}
        | ({} if version.shows[path] == label_of(entry) else {"labels": version.shows[path]})
        for path, (entry, found) in version.files.items()
    ]


def _listed(where: Path) -> Version:
    try:
        rows: list[dict[str, Any]] = json.loads(where.read_bytes())["files"]
        files = dict(map(_row, rows))
        shows = {row["path"]: _shown(row, files[row["path"]][0]) for row in rows}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{where} is neither a data set nor a check.json") from error
    return Version(str(where), files, shows)


def _shown(row: Mapping[str, Any], entry: Entry) -> Labels:
    """Raises ValueError where labels are none."""
    if "labels" not in row:
        return label_of(entry)
    labels: Labels = msgspec.convert(row["labels"], tuple[str, ...] | None)
    return labels


def _row(row: Mapping[str, Any]) -> tuple[str, tuple[Entry, str]]:
    """Raises TypeError where something is no text."""
    path, split, label, found = row["path"], row["split"], row["label"], row["sha256"]
    if not all(
        isinstance(one, str) for one in (path, split, found, "" if label is None else label)
    ):
        raise TypeError(row)
    return path, (Entry(path, split, label), found)
