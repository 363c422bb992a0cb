"""Whether the engine cache is its owner's alone: nobody else can write in it, or put another there.

An engine is native code: whoever can write it runs code as the service.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from deploy.bundle.errors import Fatal

_ROOT = 0
SETTING = "--engine-cache"
_MENDED = "let the user of the service alone write it, or name another"


def make_owned(folder: Path, setting: str = SETTING) -> None:
    """Make a folder, with all above it that is missing, for its owner only.

    Args:
        setting: names the cache in errors.

    Raises:
        Fatal: it cannot be made or written.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        try:
            place.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Fatal(f"{_cache(setting)} {place} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Fatal(f"{_cache(setting)} {folder} cannot be written: {_MENDED} {setting}")


def refuse_foreign(cache: Path, engine: Path | None = None, setting: str = SETTING) -> None:
    """Insist that only we, or the administrator, can change the cache and an engine's folder in it.

    Above the cache a folder that everybody may write is borne with if it is sticky, as /tmp is; a
    link on the way is followed if it is ours.

    Args:
        setting: names the cache in errors.

    Raises:
        Fatal: somebody else could write; says where and how to mend it.
    """
    for place in _above(cache):
        _refuse(place, setting, borne=_is_borne(place.lstat()))
    for place in _within(cache, engine):
        if place != cache and place.is_symlink():
            raise Fatal(f"{place} is a symbolic link: the {_cache(setting)} holds plain files only")
        _refuse(place.resolve() if place == cache else place, setting, borne=False)


def _above(cache: Path) -> Iterator[Path]:
    """Every folder and link that leads to the cache, as it is written and as it resolves."""
    written, real = cache.absolute(), cache.resolve()
    yield from {*written.parents, *real.parents} | ({written} if written.is_symlink() else set())


def _within(cache: Path, engine: Path | None) -> Iterator[Path]:
    yield cache
    if engine is not None:
        yield from (place for place in engine.parents if place.is_relative_to(cache))
        yield from (engine, *engine.iterdir())


def _cache(setting: str) -> str:
    return setting.strip("-").replace("-", " ")


def _refuse(place: Path, setting: str, *, borne: bool) -> None:
    status = place.lstat()
    if status.st_uid not in {_ROOT, os.geteuid()}:
        raise Fatal(f"{place} belongs to user {status.st_uid}, not to us: {_MENDED} {setting}")
    if stat.S_ISLNK(status.st_mode) or borne:
        return
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        found = stat.filemode(status.st_mode)
        raise Fatal(
            f"{place} can be written by others ({found}): chmod go-w {place}; {_MENDED} {setting}"
        )


def _is_borne(status: os.stat_result) -> bool:
    """Sticky, or shared with our own group, which many systems make for each user alone."""
    if status.st_mode & stat.S_ISVTX:
        return True
    return not status.st_mode & stat.S_IWOTH and status.st_gid in {_ROOT, os.getegid()}
