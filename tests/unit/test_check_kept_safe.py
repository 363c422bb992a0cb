"""`yardlight-train check --apply` and `--undo`: killed in the midst, on a full disk, and where
nothing may be written.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("cleanlab", reason="needs the extra 'data'")
pytest.importorskip("cleanvision", reason="needs the extra 'data'")

from tests.loudly import skip_loudly
from tests.pictures import snapshot, write_picture
from trainer.checking.aside import bring_back, put_aside

pytestmark = pytest.mark.slow

_BAD = 6
_STOPS = """
import signal, sys
from trainer.checking import aside
from trainer.cli import main

done, move = 0, aside._move

def stop_before(source, target):
    global done
    if done == {moves}:
        print("stopped", flush=True)
        signal.pause()
    done += 1
    move(source, target)

aside._move = stop_before
sys.exit(main())
"""
"""The real command, which waits before one of its moves to be killed."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A good and a bad picture of each of six labels, the bad ones with an annotation."""
    for number in range(_BAD):
        folder = tmp_path / "data/train" / f"label-{number}"
        write_picture(folder / "good.jpg", number)
        (folder / "bad.jpg").write_text(f"no picture {number}", "utf-8")
        (folder / "bad.jpg.json").write_text('{"labels": []}', "utf-8")
    return tmp_path / "data"


def words(data: Path, *more: str) -> list[str]:
    out = data.parent / "report"
    return ["check", "--data", str(data), "--out", str(out), "--threads", "1", *more]


def run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)


def check(data: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    return run([sys.executable, "-m", "trainer.cli", *words(data, *more)])


def kill_before(moves: int, data: Path, *more: str) -> None:
    command = [sys.executable, "-c", _STOPS.format(moves=moves), *words(data, *more)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line == "stopped\n" for line in process.stdout)
        process.kill()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("moves", [0, 7])
def test_a_kill_in_the_midst_of_apply_loses_nothing(data: Path, moves: int) -> None:
    before = snapshot(data)
    kill_before(moves, data, "--apply")
    there = snapshot(data)
    assert sum(path.startswith("aside/1/") for path in there) == moves
    assert set(before.values()) <= set(there.values())
    done = check(data, "--undo")
    assert done.returncode == 0, done.stderr
    assert snapshot(data) == before


def test_a_kill_in_the_midst_of_undo_is_gone_on_from(data: Path) -> None:
    before = snapshot(data)
    assert check(data, "--apply").returncode == 0
    kill_before(3, data, "--undo")
    assert snapshot(data) != before
    assert check(data, "--undo").returncode == 0
    assert snapshot(data) == before


def test_a_kill_in_the_midst_of_the_journal_leaves_all_that_it_says_to_undo(data: Path) -> None:
    before = snapshot(data)
    put_aside(data, ["train/label-0/bad.jpg"])
    with (data / "aside/journal.jsonl").open("ab") as file:
        file.write(b'{"from": "train/label-1/bad.jpg", "to": "aside/2/tr')
    put_aside(data, ["train/label-2/bad.jpg"])
    assert bring_back(data) == (2, [])
    assert snapshot(data) == before


def on_a_small_disk(folder: Path, limits: str, prepare: str, *command: str) -> list[str]:
    """Words that run a command on a copy of `folder` on a disk of its own, which they fill before.

    Args:
        folder: stands for the disk.
        limits: of the disk, as `mount` takes them for a tmpfs.
        prepare: shell words that fill it, with `$0` for its place.
        command: run by the shell, then `find` lists what there is, and how often it has content.
    """
    script = (
        f'cp -a "$0" "$0.copy" && mount -t tmpfs -o {limits} none "$0" && cp -a "$0.copy/." "$0" '
        f'&& {prepare} && "$@"; echo "status $?"; rm -f "$0/filler"; '
        f'{sys.executable} -m trainer.cli check --data "$0" --undo; echo "status $?"; '
        'diff -r "$0" "$0.copy" && echo "as it was"'
    )
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(folder), *command]


@pytest.fixture
def mounts(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    place = tmp_path / "mounted"
    place.mkdir()
    here = shutil.which("unshare") is not None
    if not here or run(on_a_small_disk(place, "size=1m", "true", "true")).returncode:
        skip_loudly(pytestconfig, "A small disk needs a mount of one's own: `unshare` gives none.")


@pytest.mark.usefixtures("mounts")
@pytest.mark.parametrize(
    ("limits", "prepare", "moved"),
    [
        # Of inodes: the folder aside, its journal, and folders for some of the labels.
        ("size=8m,nr_inodes=34", "true", True),
        # Of bytes: not even the journal has room.
        ("size=8m", 'head -c 8m /dev/zero > "$0/filler"; [ -s "$0/filler" ]', False),
    ],
    ids=["in the midst", "from the start"],
)
def test_a_full_disk_is_said_and_nothing_is_lost(
    data: Path, limits: str, prepare: str, *, moved: bool
) -> None:
    command = [sys.executable, "-m", "trainer.cli", *words(data, "--apply")]
    done = run(on_a_small_disk(data, limits, prepare, *command))
    said = done.stdout.splitlines()
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert [line for line in said if line.startswith("status")] == ["status 1", "status 0"]
    assert ("0 pictures brought back" not in said) is moved
    assert said[-1] == "as it was"


def without_privilege(config: pytest.Config, *command: str) -> list[str]:
    """Words that run a command as somebody whom permissions hold back."""
    if os.geteuid():
        return list(command)
    if shutil.which("setpriv") is None:
        skip_loudly(config, "Root may write everywhere: a read-only folder needs `setpriv`.")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]


@pytest.mark.parametrize("command", ["check", "label"])
def test_a_read_only_data_set_is_said_before_anything_is_done(
    data: Path, pytestconfig: pytest.Config, command: str
) -> None:
    before = snapshot(data.parent)
    folders = [data, *(path for path in data.rglob("*") if path.is_dir())]
    arguments = words(data, "--apply") if command == "check" else ["label", "--data", str(data)]
    python = [sys.executable, "-m", "trainer.cli", *arguments]
    try:
        for folder in folders:
            folder.chmod(0o555)
        done = run(without_privilege(pytestconfig, *python))
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert done.returncode == 1
    assert done.stderr == f"error: {data} is read-only: nothing in the data set can be changed\n"
    assert done.stdout == ""
    assert snapshot(data.parent) == before
