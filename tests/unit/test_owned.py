"""An engine is native code: it runs only from where nobody else can write."""

import os
from pathlib import Path

import pytest

from deploy.bundle.errors import Fatal
from deploy.engines.owned import make_owned, refuse_foreign


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache with an engine of two files in it."""
    engine = tmp_path / "cache" / "model" / "engine"
    make_owned(engine)
    for name in ("engine.json", "model.blob"):
        (engine / name).write_bytes(b"")
        (engine / name).chmod(0o600)
    return tmp_path / "cache"


@pytest.fixture
def engine(cache: Path) -> Path:
    return cache / "model" / "engine"


def test_what_is_made_is_its_owners_alone(cache: Path, engine: Path) -> None:
    refuse_foreign(cache, engine)
    for place in (cache, engine.parent, engine):
        assert place.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("place", ["", "model", "model/engine", "model/engine/model.blob"])
@pytest.mark.parametrize("right", [0o020, 0o002], ids=["group", "everybody"])
def test_what_others_can_write_is_refused_by_name(
    cache: Path, engine: Path, place: str, right: int
) -> None:
    shared = cache / place
    shared.chmod(shared.stat().st_mode | right)
    with pytest.raises(Fatal, match=r"can be written by others \(.*\): chmod go-w") as refused:
        refuse_foreign(cache, engine)
    assert str(refused.value).startswith(f"{shared} ")


def test_a_folder_above_that_everybody_can_write_lets_them_put_another_there(
    cache: Path, engine: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(Fatal, match="can be written by others"):
        refuse_foreign(cache, engine)
    tmp_path.chmod(0o1777)  # sticky, as /tmp: nobody may rename what is not theirs
    refuse_foreign(cache, engine)


def test_a_link_to_the_cache_is_followed_and_one_in_it_refused(
    cache: Path, engine: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(cache)
    refuse_foreign(tmp_path / "link", tmp_path / "link/model/engine")
    (engine / "model.blob").unlink()
    (engine / "model.blob").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Fatal, match=r"model\.blob is a symbolic link"):
        refuse_foreign(cache, engine)


def test_a_folder_behind_a_link_is_looked_at_too(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    make_owned(open_to_all / "cache")
    open_to_all.chmod(0o777)
    (tmp_path / "link").symlink_to(open_to_all / "cache")
    with pytest.raises(Fatal, match="can be written by others"):
        refuse_foreign(tmp_path / "link")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("place", ["", "model/engine/model.blob"])
def test_what_belongs_to_somebody_else_is_refused_by_name(
    cache: Path, engine: Path, place: str
) -> None:
    os.chown(cache / place, 12345, -1)
    with pytest.raises(Fatal, match="belongs to user 12345, not to us"):
        refuse_foreign(cache, engine)


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Fatal, match=r"engine cache .*file/cache cannot be made: Not a directory"):
        make_owned(tmp_path / "file" / "cache")
