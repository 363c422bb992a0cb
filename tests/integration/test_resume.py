"""`fit` interrupted by real signals in the midst of learning, and resumed as if it never was."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

from deploy.bundle.manifest import open_bundle
from tests.integration.running import command
from tests.integration.test_fit import LABELS, draw_split, typed
from tests.loudly import skip_loudly
from tests.waiting import wait_until
from trainer.keeper import Keeper
from trainer.training import Training

pytestmark = pytest.mark.slow
OPTIONS = (
    *("--size", "32", "--batch", "8", "--labels", ",".join(LABELS), "--threads", "1"),
    *("--ema", "0.9", "--mixup", "0.5", "--checkpoint-minutes", "0"),
)
START = 250
"""Seconds that a process may take until it learns, on a machine that does much else."""
EACH, STEPS = 6, 24
"""Steps of an epoch, and of all four."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    draw_split(folder / "train", 12, seed=1)
    draw_split(folder / "val", 2, seed=2)
    return folder


def words(data: Path, out: Path, *more: str) -> tuple[str, ...]:
    given = ("fit", "--data", str(data), "--out", str(out), *OPTIONS)
    return (*given, *(() if "--epochs" in more else ("--epochs", "4")), *more)


@pytest.fixture(scope="module")
def uninterrupted(data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    out = tmp_path_factory.mktemp("whole") / "yard"
    assert typed(*words(data, out)) == 0
    return learned(out)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_and_resumed_gives_the_same_weights_as_uninterrupted(
    data: Path,
    tmp_path: Path,
    uninterrupted: list[str],
    how: signal.Signals,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, checkpoint = tmp_path / "yard", tmp_path / "yard-run" / "checkpoint.pt"
    fit, alone = words(data, out), {"OMP_NUM_THREADS": "1"}
    with command(tmp_path / "log", "trainer.cli", *fit, environment=alone) as fitting:
        wait_until(lambda: steps_in(checkpoint) > EACH, "the second epoch", START)
        fitting.stop(how)
        said = fitting.said()
    assert not out.exists()
    done = steps_in(checkpoint)
    assert EACH < done < STEPS
    assert (f"step {done} is kept" in said) == (how == signal.SIGINT)
    assert typed(*fit, "--resume") == 0
    said = capsys.readouterr().err
    assert f"resumed in epoch {done // EACH + 1}, after step {done}" in said
    assert learned(out) == uninterrupted
    assert not checkpoint.exists()


def learned(bundle: Path) -> list[str]:
    """Hashes of each weight and of the learning curve, figures and all."""
    files = open_bundle(bundle).manifest.files
    return [files["model.onnx"], files["report/metrics.json"]]


def steps_in(checkpoint: Path) -> int:
    """Steps that are kept; a checkpoint is there whole or not at all."""
    if not checkpoint.exists():
        return 0
    found: int = torch.load(checkpoint, weights_only=True)["learner"]["step"]
    return found


def test_a_checkpoint_that_nobody_asked_to_resume_is_left_alone(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = interrupted(data, tmp_path)
    kept = checkpoint.read_bytes()
    assert typed(*words(data, tmp_path / "yard")) == 1
    assert "--resume goes on with it, --overwrite begins anew" in capsys.readouterr().err
    assert checkpoint.read_bytes() == kept


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (["--resize", "letterbox"], "is of another run: resize squash then, letterbox now"),
        (["--epochs", "5", "--seed", "9"], "epochs 4 then, 5 now, seed 0 then, 9 now"),
    ],
)
def test_a_run_is_not_resumed_as_another(
    data: Path,
    tmp_path: Path,
    change: list[str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    interrupted(data, tmp_path)
    assert typed(*words(data, tmp_path / "yard", "--resume", *change)) == 1
    assert complaint in capsys.readouterr().err


def test_pictures_that_changed_meanwhile_are_noticed(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = shutil.copytree(data, tmp_path / "own")
    interrupted(own, tmp_path)
    (own / "train" / LABELS[0] / "00.jpg").unlink()
    assert typed(*words(own, tmp_path / "yard", "--resume")) == 1
    assert "is of another run: data sha256:" in capsys.readouterr().err


def test_a_damaged_checkpoint_is_named(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = interrupted(data, tmp_path)
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    assert typed(*words(data, tmp_path / "yard", "--resume")) == 1
    said = capsys.readouterr().err
    assert f"error: {checkpoint} is no checkpoint that can be read" in said
    assert "Traceback" not in said


def test_a_rate_that_is_changed_on_the_way_stands_in_the_provenance(
    data: Path, tmp_path: Path
) -> None:
    interrupted(data, tmp_path, "--epochs", "1")
    assert (
        typed(*words(data, tmp_path / "yard", "--epochs", "1", "--resume", "--lr", "0.0005")) == 0
    )
    config = open_bundle(tmp_path / "yard").manifest.provenance["config"]
    assert config["changes"] == ["from step 0: lr 0.0005 instead of None"]


def test_a_loss_that_explodes_leaves_a_checkpoint_whose_weights_are_numbers(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = interrupted(data, tmp_path)
    assert typed(*words(data, tmp_path / "yard", "--resume", "--lr", "1e30")) == 1
    said = capsys.readouterr().err
    assert re.search(
        r"the (loss|weights) became (nan|inf) at step \d with learning rate \S+:", said
    )
    assert f"{checkpoint} is kept" in said
    kept = torch.load(checkpoint, weights_only=True)["learner"]["network"]
    assert all(bool(torch.isfinite(weight).all()) for weight in kept.values())


def interrupted(data: Path, folder: Path, *more: str) -> Path:
    """A checkpoint of a run that was about to make its first step."""

    def stop(keeper: Keeper, _: object, training: Training) -> NoReturn:
        keeper.keep(training)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Keeper, "watched", stop)
        assert typed(*words(data, folder / "yard", *more)) == 130
    return folder / "yard-run" / "checkpoint.pt"


FULL = """
import sys
from pathlib import Path
import torch
from deploy.bundle.errors import Fatal
from trainer.checkpoint import read_checkpoint, write_checkpoint
path = Path(sys.argv[1]) / "checkpoint.pt"
write_checkpoint(path, {"step": 1, "weights": torch.zeros(50_000)})
try:
    write_checkpoint(path, {"step": 2, "weights": torch.zeros(5_000_000)})
except Fatal as error:
    print(error)
print("kept", read_checkpoint(path)["step"], [it.name for it in path.parent.iterdir()])
"""


def test_on_a_full_disk_the_checkpoint_before_survives(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    small = 'mount -t tmpfs -o size=1m,mode=0700 none "$0" && exec "$@"'

    def within(*words: str) -> Sequence[str]:
        mapped = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
        return [*mapped, small, str(tmp_path), *words]

    here = shutil.which("unshare") is not None
    if not here or subprocess.run(within("true"), check=False, capture_output=True).returncode:
        skip_loudly(pytestconfig, "A full disk needs a mount of one's own: `unshare` gives none.")
    run = within(sys.executable, "-c", FULL, str(tmp_path))
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    said, kept = done.stdout.splitlines() or [done.stderr, ""]
    assert said == f"{tmp_path}/checkpoint.pt cannot be written: No space left on device"
    assert kept == "kept 1 ['checkpoint.pt']"
