"""Labels flipped on purpose: how many of them `check` ranks first, and what training gains when a
person has confirmed those and they were put aside.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from deploy.bundle.proportion import wilson
from tests.bench.rig import SHARED, import_imagenet, save, say

_PHOTOS = SHARED / "data/cameras"
_WEIGHTS = SHARED / "weights/mobilenetv2_100_same.fp16.safetensors"
_FLIPPED, _LOOKED_AT = 0.05, 0.10
_AIM = 0.80


@dataclass(frozen=True, slots=True)
class _Right:
    right: int
    of: int

    def __str__(self) -> str:
        low, high = wilson(self.right, self.of)
        return f"{self.right / self.of:.3f} ({low:.3f} to {high:.3f})"


def measure_flips(seeds: Sequence[int]) -> None:
    """Print the share found of 5 % flipped labels in the first tenth of the ranking, with a network
    and without one, and the accuracy on val of `fit` with flipped labels and without those found.

    `FIT` in the environment is given to `fit`, such as `FIT="--views 0"`, which is quickest.
    """
    if not _PHOTOS.is_dir():
        say(f"flips: no photos in {_PHOTOS}, skipped")
        return
    kept = {}
    with tempfile.TemporaryDirectory(prefix="yardlight-bench-") as name:
        folder = Path(name)
        _, network = import_imagenet(folder)
        for seed in seeds:
            kept[seed] = _found(folder / str(seed), seed, network.folder)
        clean = _fitted(_PHOTOS, folder / "clean")
        say(f"fit on labels as they are: {clean} of val right")
        for seed in seeds:
            kept[seed] |= _trained(folder / str(seed), seed)
    save("flips", {"clean": asdict(clean), "seeds": kept, "fit": os.environ.get("FIT", "")})


def _found(folder: Path, seed: int, network: Path) -> dict[str, object]:
    """Flip, check in both ways, and put aside what is found without a network."""
    data = folder / "photos"
    shutil.copytree(_PHOTOS, data)
    flipped = _flip(data, seed)
    shares = {}
    for way, words in (("with --bundle", ["--bundle", str(network)]), ("without", [])):
        _yardlight("check", "--data", str(data), *words)
        confirmed = _first_of_train(folder) & flipped
        shares[way] = len(confirmed) / len(flipped)
        say(
            f"seed {seed}, {way}: {shares[way]:.3f} of {len(flipped)} flipped labels in the first "
            f"tenth of the ranking   (aim: {_AIM:.2f} or more)"
        )
    (folder / "confirmed.txt").write_text("\n".join(sorted(confirmed)), encoding="utf-8")
    return {"found": shares}


def _trained(folder: Path, seed: int) -> dict[str, object]:
    data = folder / "photos"
    flipped = _fitted(data, folder / "flipped")
    confirmed = str(folder / "confirmed.txt")
    _yardlight("check", "--data", str(data), "--apply", "--confirmed", confirmed)
    cleaned = _fitted(data, folder / "cleaned")
    say(f"seed {seed}, fit on flipped labels: {flipped}, after --apply: {cleaned}")
    return {"flipped": asdict(flipped), "cleaned": asdict(cleaned)}


def _flip(data: Path, seed: int) -> set[str]:
    """Move 5 % of train, rounded, to another label each; where they lie now."""
    chance = np.random.default_rng(seed)
    photos = sorted((data / "train").glob("*/*.jpg"))
    labels = sorted(path.name for path in (data / "train").iterdir() if path.is_dir())
    found = set()
    for at in chance.choice(len(photos), round(_FLIPPED * len(photos)), replace=False):
        photo = photos[at]
        other = str(chance.choice([label for label in labels if label != photo.parent.name]))
        place = photo.parent.with_name(other) / f"flipped-{photo.name}"
        photo.rename(place)
        found.add(place.relative_to(data).as_posix())
    return found


def _first_of_train(folder: Path) -> set[str]:
    document = json.loads((folder / "photos-check/check.json").read_bytes())
    train = [row["path"] for row in document["ranking"] if row["path"].startswith("train/")]
    return set(train[: round(len(train) * _LOOKED_AT)])


def _fitted(data: Path, out: Path) -> _Right:
    """Learn a dense layer on the frozen network, and ask it about val."""
    words = ["--backbone", "mobilenetv2_100", "--weights", str(_WEIGHTS), "--no-pictures"]
    more = os.environ.get("FIT", "").split()
    _yardlight("fit", "--data", str(data), "--out", str(out), *words, *more)
    told = _yardlight("evaluate", "--bundle", str(out), "--data", str(_PHOTOS / "val"), "--json")
    document = json.loads(told)
    return _Right(round(document["accuracy"] * document["pictures"]), document["pictures"])


def _yardlight(*words: str) -> str:
    command = [sys.executable, "-m", "trainer.cli", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
