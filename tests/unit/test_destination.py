from pathlib import Path

import pytest

from deploy.bundle.destination import prepare, whole_or_not_at_all
from deploy.bundle.errors import Fatal


def written(out: Path, text: str) -> None:
    with whole_or_not_at_all(out) as draft:
        (draft / "bundle.json").write_text(text)


def fail(out: Path, error: type[BaseException]) -> None:
    with whole_or_not_at_all(out) as draft:
        (draft / "bundle.json").write_text("half")
        raise error


def test_the_folder_appears_whole(tmp_path: Path) -> None:
    written(tmp_path / "out", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, Fatal])
def test_an_error_leaves_nothing_behind_and_what_was_there_alone(
    tmp_path: Path, error: type[BaseException]
) -> None:
    written(tmp_path / "out", "old")
    with pytest.raises(error):
        fail(tmp_path / "out", error)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "bundle.json").read_text() == "old"


def test_a_bundle_is_replaced_only_when_asked(tmp_path: Path) -> None:
    written(tmp_path / "out", "old")
    with pytest.raises(Fatal, match="--overwrite"):
        prepare(tmp_path / "out", overwrite=False)
    prepare(tmp_path / "out", overwrite=True)
    written(tmp_path / "out", "new")
    assert (tmp_path / "out" / "bundle.json").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_is_no_bundle_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(Fatal, match="is not a bundle"):
        prepare(tmp_path / "photos", overwrite=True)


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    prepare(tmp_path / "models" / "yard", overwrite=False)
    assert (tmp_path / "models").is_dir()
    assert not (tmp_path / "models" / "yard").exists()


def test_a_place_that_cannot_be_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Fatal, match="cannot be made"):
        prepare(tmp_path / "file" / "yard", overwrite=False)
