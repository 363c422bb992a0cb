"""A data set as a version: every picture with its hash, and one digest over all of them."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from deploy.bundle.manifest import sha256_of
from trainer.collection.folder import Entry, read_data_set
from trainer.data.digest import digest_of
from trainer.errors import DataError

Watch: TypeAlias = Callable[[str, Iterable[str], int], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Version:
    """Path → entry and sha256 of each picture."""

    name: str
    files: Mapping[str, tuple[Entry, str]]
    shows: Mapping[str, tuple[str, ...] | None] | None = None
    """Path → labels, None where nobody has said them; unless given, that of the folder."""

    @property
    def digest(self) -> str:
        """That of the pictures with a label in train and val, as `fit` names it in a bundle."""
        labelled = (
            (path, found, self._labels(entry)) for path, (entry, found) in self.files.items()
        )
        return digest_of(
            (path, found, labels) for path, found, labels in labelled if labels is not None
        )

    def _labels(self, entry: Entry) -> tuple[str, ...] | None:
        if self.shows is not None:
            return self.shows[entry.path]
        return None if entry.label is None else (entry.label,)


def read_version(where: Path, watch: Watch) -> Version:
    """A data set's folder, or what `check` wrote of one.

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
    return Version(str(where), files)


def document_of(files: Mapping[str, tuple[Entry, str]]) -> list[dict[str, str | None]]:
    """The list of files in `check.json`, which `_listed` reads."""
    return [
        {"path": path, "split": entry.split, "label": entry.label, "sha256": found}
        for path, (entry, found) in files.items()
    ]


def _listed(where: Path) -> Version:
    try:
        rows: list[dict[str, Any]] = json.loads(where.read_bytes())["files"]
        files = dict(map(_row, rows))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{where} is neither a data set nor a check.json") from error
    return Version(str(where), files)


def _row(row: Mapping[str, Any]) -> tuple[str, tuple[Entry, str]]:
    """Raises TypeError where something is no text."""
    path, split, label, found = row["path"], row["split"], row["label"], row["sha256"]
    if not all(
        isinstance(one, str) for one in (path, split, found, "" if label is None else label)
    ):
        raise TypeError(row)
    return path, (Entry(path, split, label), found)
