"""The bundles that were fetched: whole, by digest, up to a quota, where we alone can write."""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deploy.bundle.errors import BundleError, Fatal
from deploy.bundle.manifest import Bundle, Vouch, open_bundle
from deploy.bundle.whole import write_whole
from deploy.engines.owned import make_owned, refuse_foreign
from edge.rollout.node import Memory

_DIGITS = 16
_WAIT_SECONDS = 0.2
_FORGOTTEN_SECONDS = 30 * 86_400.0
KEEP_SECONDS = 3600.0
"""A node says at least so often that it is still there."""
_CACHE = "--bundles-cache"


@dataclass(frozen=True, slots=True)
class Store:
    """What one slot's nodes on this machine have fetched, and what each of them remembers."""

    folder: Path
    quota: int
    """Bytes of bundles."""

    def open(self) -> None:
        """Make the folder, for ourselves alone.

        Raises:
            Fatal: it cannot be made or written, or others can write it.
        """
        make_owned(self.folder, _CACHE)
        refuse_foreign(self.folder, setting=_CACHE)

    def find(self, digest: str, vouch: Vouch) -> Bundle | None:
        """A bundle that lies there whole; None where there is none.

        Raises:
            Fatal: it is damaged, or nobody who is trusted signed it.
        """
        place = self._place(digest)
        if not place.is_dir():
            return None
        refuse_foreign(self.folder, setting=_CACHE)
        bundle = open_bundle(place, vouch)
        if bundle.digest != digest:
            raise BundleError(f"{place} holds {bundle.digest}, expected {digest}")
        os.utime(place)
        return bundle

    @contextmanager
    def drafting(self, digest: str, stopping: Callable[[float], bool]) -> Iterator[Path | None]:
        """A folder for a bundle on its way, with what came of it before; None if told to stop while
        another process of ours was fetching. One that is not `adopt`ed stays for the next try.
        """
        with (self.folder / ".lock").open("w") as lock:
            while not _locked(lock.fileno()):
                if stopping(_WAIT_SECONDS):
                    yield None
                    return
            draft = self._draft(digest)
            for other in self.folder.glob(".*.draft"):
                if other != draft:
                    shutil.rmtree(other, ignore_errors=True)
            draft.mkdir(mode=0o700, exist_ok=True)
            yield draft

    def adopt(self, digest: str) -> Path:
        """The draft takes its place among the others."""
        place = self._place(digest)
        shutil.rmtree(place, ignore_errors=True)
        self._draft(digest).rename(place)
        return place

    def drop(self, digest: str) -> None:
        """Delete what came of a bundle, whole or not."""
        shutil.rmtree(self._draft(digest), ignore_errors=True)

    def came(self, digest: str) -> int:
        """Bytes of a bundle on its way that are here."""
        return size_of(self._draft(digest))

    def make_room(self, draft: Path) -> None:
        """Delete bundles that no node serves, oldest first, until all with the draft fits.

        Raises:
            Fatal: they do not fit even then.
        """
        used = size_of(draft) + sum(map(size_of, self._bundles()))
        served = self._served()
        for old in sorted(self._bundles(), key=lambda it: it.stat().st_mtime):
            if used <= self.quota:
                return
            if old.name not in served:
                used -= size_of(old)
                shutil.rmtree(old)
        if used > self.quota:
            raise Fatal(
                f"no room: {used} bytes are needed in {self.folder}, --bundles-quota allows "
                f"{self.quota}"
            )

    def recall(self, node: str) -> Memory:
        """What a node remembers; nothing where that cannot be read."""
        try:
            return msgspec.json.decode(self._memory(node).read_bytes(), type=Memory)
        except (OSError, ValueError, RecursionError):  # msgspec's own are ValueErrors
            return Memory()

    def remember(self, node: str, memory: Memory) -> None:
        """Write it down, whole or not at all.

        Raises:
            OSError: the disk is full.
        """
        write_whole(self._memory(node), msgspec.json.encode(memory), 0o600)

    def keep(self, node: str) -> None:
        """This node is still there, and what it serves gives way to nothing."""
        with suppress(OSError):
            os.utime(self._memory(node))

    def _served(self) -> set[str]:
        """By nodes that were there of late: pods have a new name after each start."""
        since = time.time() - _FORGOTTEN_SECONDS
        memories = [it for it in self.folder.glob("*.json") if it.stat().st_mtime > since]
        return {self._place(self.recall(it.stem).serving.digest).name for it in memories}

    def _bundles(self) -> list[Path]:
        return [it for it in self.folder.iterdir() if it.is_dir() and it.name[0] != "."]

    def _place(self, digest: str) -> Path:
        return self.folder / (digest.removeprefix("sha256:")[:_DIGITS] or "none")

    def _draft(self, digest: str) -> Path:
        place = self._place(digest)
        return place.with_name(f".{place.name}.draft")

    def _memory(self, node: str) -> Path:
        return self.folder / f"{node}.json"


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    sizes = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            sizes += path.lstat().st_size if not path.is_dir() else 0
    return sizes


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
