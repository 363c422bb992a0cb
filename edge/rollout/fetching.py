"""A bundle from where it lies into the store: nothing of it counts before its digest is right."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.bundle.errors import BundleError, Fatal
from deploy.bundle.manifest import (
    MANIFEST,
    SIGNATURE,
    Bundle,
    Vouch,
    digest_of,
    open_bundle,
    parse_manifest,
)
from edge.observe.logs import get_logger
from edge.rollout.aside import read_aside
from edge.rollout.refusals import Denied, Missing, sentence_of
from edge.rollout.remote import Reader, reader_of
from edge.rollout.store import Store
from edge.rollout.words import BundlePlace

_log = get_logger("rollout")
_LARGEST = 16 << 20
"""Bytes of a manifest, or a signature."""
_READ_AT_ONCE = 1 << 20
_CHECKED_EVERY = 8 << 20
"""Bytes by which the quota may be exceeded until that is noticed."""


class Stopped(Exception):  # noqa: N818 - no fault
    """Whoever fetched was told to stop."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """Fetches into one store."""

    store: Store
    vouch: Vouch
    """Is asked about the manifest before anything else is fetched."""
    stopping: Callable[[float], bool]
    """Waits up to that many seconds and returns whether to stop."""
    verifying: Callable[[], None]
    """Is told when all of it is there and is looked at."""

    def fetch(self, wanted: BundlePlace) -> Bundle:
        """The bundle as it lies in the store.

        What came before is kept, files and parts of them, so that trying again goes on where it
        stopped. What is wrong is deleted.

        Raises:
            Stopped: as `stopping` said.
            Unavailable: trying again may help.
            Fatal: it never will: no such bundle, another digest, no room, nobody who is trusted.
            OSError: the disk is full.
        """
        if (found := self._lies_there(wanted)) is not None:
            return found
        with self.store.drafting(wanted.digest, self.stopping) as draft:
            if draft is None:
                raise Stopped
            if (found := self._lies_there(wanted)) is not None:  # fetched while we waited
                self.store.drop(wanted.digest)
                return found
            try:
                return self._fetch_into(draft, wanted)
            except (Fatal, OSError):
                self.store.drop(wanted.digest)
                raise

    def _lies_there(self, wanted: BundlePlace) -> Bundle | None:
        """What was damaged since is fetched again; what is not trusted is refused below."""
        try:
            found = self.store.find(wanted.digest, self.vouch)
        except Fatal:
            return None
        if found is not None:
            self.verifying()
        return found

    def _fetch_into(self, draft: Path, wanted: BundlePlace) -> Bundle:
        read = self._reader(wanted.uri)
        text = manifest_of(read, wanted.uri)
        found = digest_of(text)
        if found != wanted.digest:
            raise BundleError(f"{wanted.uri} holds {found}, expected {wanted.digest}")
        manifest = parse_manifest(text, f"{wanted.uri}/{MANIFEST}")
        _only(draft, set(manifest.files))
        (draft / MANIFEST).write_bytes(text)
        _fetch_signature(read, draft, wanted.uri)
        self.vouch(draft / MANIFEST, text)
        for path, sha256 in manifest.files.items():
            self._file(read, draft, path, sha256)
        self.verifying()
        checked = open_bundle(draft, self.vouch)
        return replace(checked, folder=self.store.adopt(wanted.digest))

    def _reader(self, uri: str) -> Reader:
        """Never waits longer for a server than it is to."""
        read = reader_of(uri)
        return lambda name, start: read_aside(read(name, start), self._look)

    def _look(self) -> None:
        if self.stopping(0.0):
            raise Stopped

    def _file(self, read: Reader, draft: Path, path: str, sha256: str) -> None:
        """Goes on where an earlier try stopped. What came then may be of another file, or may never
        have reached the disk, so the whole has its hash, or is fetched anew.
        """
        place = draft / path
        place.parent.mkdir(parents=True, exist_ok=True)
        came = self._hash_of(place) if place.is_file() else hashlib.sha256()
        if came.hexdigest() == sha256:
            return
        start = place.stat().st_size if place.is_file() else 0
        found = self._append(read(path, start), draft, place, came)
        if found != sha256 and start:
            _log.warning("what came of a file before does not fit, it is fetched anew", file=path)
            place.unlink()
            found = self._append(read(path, 0), draft, place, hashlib.sha256())
        if found != sha256:
            raise BundleError(f"{path}: sha256 is {found}, {MANIFEST} says {sha256}")

    def _append(
        self, pieces: Iterator[bytes], draft: Path, place: Path, digest: "hashlib._Hash"
    ) -> str:
        """The digest of all that lies there then."""
        unchecked = 0
        with place.open("ab") as file:
            for piece in pieces:
                self._look()
                digest.update(piece)
                unchecked += file.write(piece)
                if unchecked > _CHECKED_EVERY:
                    self.store.make_room(draft)
                    unchecked = 0
        self.store.make_room(draft)
        return digest.hexdigest()

    def _hash_of(self, place: Path) -> "hashlib._Hash":
        digest = hashlib.sha256()
        with place.open("rb") as file:
            while piece := file.read(_READ_AT_ONCE):
                self._look()
                digest.update(piece)
        return digest


def _fetch_signature(read: Reader, draft: Path, uri: str) -> None:
    """Where there is one: whether it must be signed is not known here."""
    try:
        (draft / SIGNATURE).write_bytes(_small(read, SIGNATURE, uri))
    except Missing:
        return
    except Denied as error:
        _log.warning(
            "taken to have no signature, since it may not be read", error=sentence_of(error)
        )


def manifest_of(read: Reader, uri: str) -> bytes:
    """The manifest's exact bytes.

    Raises:
        Unavailable: trying again may help.
        Fatal: there is none, or far too much.
    """
    return _small(read, MANIFEST, uri)


def _small(read: Reader, name: str, uri: str) -> bytes:
    """A file that is kept in memory."""
    text = b""
    for piece in read(name, 0):
        text += piece
        if len(text) > _LARGEST:
            raise BundleError(f"{uri}/{name} is larger than any of that name")
    return text


def _only(draft: Path, files: set[str]) -> None:
    """Nothing else may lie in a bundle, whatever came of an earlier try."""
    for path in [it for it in draft.rglob("*") if it.is_file() or it.is_symlink()]:
        if path.relative_to(draft).as_posix() not in files:
            path.unlink()
