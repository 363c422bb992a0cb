"""Old bundles give way to new ones, and what is served never does."""

import os
import shutil
from pathlib import Path

import pytest

from deploy.bundle.errors import Fatal
from edge.rollout.node import Mark, Memory
from edge.rollout.store import Store, size_of
from tests.unit.test_rollout_fetching import fetching, place, source

__all__ = ["source"]


def test_old_bundles_give_way_and_the_one_that_is_served_does_not(
    tmp_path: Path, source: Path
) -> None:
    size = size_of(source)
    store = Store(tmp_path / "small", int(2.5 * size))
    store.open()
    first, second = fill(store, "1" * 16, size), fill(store, "2" * 16, size)
    store.remember("node", Memory(serving=Mark(1, f"sha256:{'1' * 64}")))
    found = fetching(store).fetch(place(source))
    assert found.folder.is_dir()
    assert (first.is_dir(), second.is_dir()) == (True, False)
    tight = Store(store.folder, size)
    shutil.rmtree(found.folder)
    with pytest.raises(Fatal, match=r"no room: .* --bundles-quota allows"):
        fetching(tight).fetch(place(source))


def test_what_a_node_served_that_never_came_back_gives_way_too(
    tmp_path: Path, source: Path
) -> None:
    size = size_of(source)
    store = Store(tmp_path / "small", int(2.5 * size))
    store.open()
    gone, there = fill(store, "1" * 16, size), fill(store, "2" * 16, size)
    for node, folder in (("pod-1", gone), ("pod-2", there)):
        store.remember(node, Memory(serving=Mark(1, f"sha256:{folder.name * 4}")))
        os.utime(store.folder / f"{node}.json", (0, 0))
    store.keep("pod-2")
    assert fetching(store).fetch(place(source)).folder.is_dir()
    assert (gone.is_dir(), there.is_dir()) == (False, True)


def fill(store: Store, name: str, size: int) -> Path:
    folder = store.folder / name
    folder.mkdir()
    (folder / "file").write_bytes(bytes(size))
    return folder
