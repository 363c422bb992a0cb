"""The one door to CleanVision: blurred, dark and odd-sized pictures, by its measures and limits.

CleanVision itself decodes each file in full, and as near-duplicates it knows those with the same
hash only; so it is given the pictures that are decoded here anyway, scaled.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from deploy.bundle.errors import MissingDriver
from deploy.bundle.pixels import Pixels
from trainer.checking.finding import Finding, Kind
from trainer.checking.kept import key_of, recall

_DARK, _BLURRED, _ASPECT, _SIZE = "dark", "blurry", "odd_aspect_ratio", "odd_size"
_KINDS: dict[str, tuple[Kind, str]] = {
    _DARK: ("dark", "the lightest hundredth of it has {:.0%} of full brightness"),
    _BLURRED: ("blurred", "sharpness {:.3f}, expected at least 0.29"),
    _ASPECT: ("odd-sized", "its shorter side is {:.0%} of the longer"),
    _SIZE: ("odd-sized", "its size is far from that of the others"),
}


class _Poor(NamedTuple):
    kind: Kind
    number: int
    says: str
    score: float


def qualities_of(picture: Pixels) -> dict[str, float]:
    """Measure RGB uint8 [H, W, 3]; a scaled one gives nearly the same."""
    from PIL import Image

    image = Image.fromarray(picture)
    found: dict[str, Any] = {}
    for issue in (_DARK, _BLURRED):
        found |= _manager().image_properties[issue].calculate(image)
    return {name: float(value) for name, value in found.items()}


def poor_pictures(
    paths: Sequence[str],
    qualities: Sequence[dict[str, float]],
    sizes: Sequence[tuple[int, int]],
    kept: Path,
) -> Iterator[Finding]:
    """Those beyond CleanVision's limits.

    Args:
        paths: of the pictures, for the findings.
        qualities: of each path, from `qualities_of`.
        sizes: width and height of each path in pixels, as the file has them.
        kept: file for the next time: CleanVision takes a second to load.
    """
    asked = key_of(msgspec.json.encode((qualities, sizes)))
    for kind, number, says, score in recall(
        kept, asked, list[_Poor], lambda: list(_poor(qualities, sizes))
    ):
        yield Finding(kind, paths[number], says, score)


def _poor(
    qualities: Sequence[dict[str, float]], sizes: Sequence[tuple[int, int]]
) -> Iterator[_Poor]:
    import pandas as pd

    if not qualities:
        return
    raw = pd.DataFrame(list(qualities))
    raw["aspect_ratio"] = [min(size) / max(size) for size in sizes]
    raw["size"] = [(width * height) ** 0.5 for width, height in sizes]
    for issue, (kind, says) in _KINDS.items():
        judge, limits = _manager().image_properties[issue], dict(_manager().params[issue])
        threshold = limits.pop("threshold", None)
        scores = judge.get_scores(raw_scores=raw, issue_type=issue, **limits)
        marked = judge.mark_issue(scores, issue, threshold)
        for number in marked.index[marked.iloc[:, 0]].tolist():
            score = float(scores.iloc[number, 0])
            yield _Poor(kind, number, says.format(score), score)


@cache
def _manager() -> Any:
    try:
        from cleanvision.issue_managers.image_property_issue_manager import (
            ImagePropertyIssueManager,
        )
    except ImportError as error:
        raise MissingDriver("cleanvision", "data") from error
    return ImagePropertyIssueManager()
