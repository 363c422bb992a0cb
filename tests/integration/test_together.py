"""Several processes train one network: torchrun starts them, one bundle comes of it."""

import os
import sys
from pathlib import Path

import pytest

from tests.ending import finished

pytest.importorskip("torch", reason="needs the extra 'train'")

from deploy.bundle.manifest import open_bundle
from tests.integration.test_fit import QUICK, draw_split

pytestmark = pytest.mark.slow
TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--local-addr")


def test_two_processes_make_one_bundle_and_one_of_them_speaks(tmp_path: Path) -> None:
    draw_split(tmp_path / "data" / "train", 8, seed=1)
    draw_split(tmp_path / "data" / "val", 2, seed=2)
    out = tmp_path / "yard"
    fit = ("-m", "trainer", "fit", "--data", str(tmp_path / "data"), "--out", str(out), *QUICK)
    options = ("--epochs", "2", "--amp", "--ema", "0.5", "--device", "cpu")
    done = finished(
        [sys.executable, "-m", *TORCHRUN, "127.0.0.1", *fit, *options],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("validation pictures") == 1
    assert done.stderr.count("epoch 2/2: ") == 1
    assert open_bundle(out).manifest.provenance["config"]["amp"] is True


def test_fewer_pictures_than_processes_are_refused(tmp_path: Path) -> None:
    import torch

    from deploy.bundle.errors import Fatal
    from tests.unit.test_trainer_pictures import SPEC, unseen
    from trainer.data.batches import Batches
    from trainer.data.layout import read_split
    from trainer.data.pictures import read_pictures
    from trainer.ranks import Ranks

    split = read_split(draw_split(tmp_path / "few", 1, seed=1))
    pictures = read_pictures(split, tuple(split.files), SPEC, 1, unseen)
    batches = Batches(pictures, 8, Ranks(torch.device("cpu"), 0, 9))
    with pytest.raises(Fatal, match="9 processes share 4 pictures in batches of 8"):
        next(batches.shuffled(torch.Generator()))
