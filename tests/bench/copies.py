"""Near-duplicates among real photos: changed copies found, different photos told apart."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from deploy.bundle.pixels import Pixels
from tests.bench.rig import SHARED, save, say
from tests.unit.test_likeness import cut, cut_on_one_side, encoded_anew, flipped
from trainer.likeness.grey import grey_of
from trainer.likeness.groups import Groups
from trainer.likeness.near import near_duplicates


def measure_copies(photos: Path = SHARED / "data/cameras") -> None:
    """Print the share found of each kind of copy, and every pair of photos called the same."""
    for split in ("train", "val"):
        paths = sorted((photos / split).rglob("*.jpg"))
        if not paths:
            say(f"copies of {split}: no photos in {photos / split}, skipped")
            continue
        pictures = [read_photo(path) for path in paths]
        shares = {name: _found(pictures, change) for name, change in _CHANGES.items()}
        for name, share in shares.items():
            say(f"{split}, {len(paths)} photos, {name}: {share:.3f} found   (aim: 0.95 or more)")
        same = [group for group in _groups(pictures).of(len(paths)) if len(group) > 1]
        linked = sum(len(group) - 1 for group in same)
        say(f"{split}: {linked} of {len(paths)} called the same as another; look at them:")
        for group in same:
            say("  " + ", ".join(paths[number].name for number in group))
        save(f"copies-{split}", {"found": shares, "photos": len(paths), "linked": linked})


def read_photo(path: Path) -> Pixels:
    """RGB uint8 [H, W, 3]."""
    pixels: Pixels | None = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    assert pixels is not None
    return pixels


def _half(picture: Pixels) -> Pixels:
    small: Pixels = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return small


def _lighter(factor: float) -> Callable[[Pixels], Pixels]:
    return lambda picture: np.clip(picture * factor, 0, 255).astype(np.uint8)


_CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "encoded anew at quality 40": encoded_anew,
    "half the size": _half,
    "5 % cut off at each side": cut,
    "5 % cut off at one side": cut_on_one_side,
    "brightened by a third": _lighter(1.33),
    "brightened by half": _lighter(1.5),
    "mirrored": flipped,
    "mirrored, cut, brightened and encoded anew": lambda picture: encoded_anew(
        _lighter(1.2)(flipped(cut(picture)))
    ),
}


def _found(pictures: list[Pixels], change: Callable[[Pixels], Pixels]) -> float:
    count = len(pictures)
    copies = [np.ascontiguousarray(change(picture)) for picture in pictures]
    groups = _groups(pictures + copies)
    return float(np.mean([groups.are_together(one, count + one) for one in range(count)]))


def _groups(pictures: list[Pixels]) -> Groups:
    greys = np.array([grey_of(picture) for picture in pictures])
    return near_duplicates(greys, lambda _, pairs, __: iter(pairs))
