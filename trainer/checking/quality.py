"""The one door to CleanVision: blurred, dark and odd-sized pictures, by its measures and limits.

CleanVision itself decodes each file in full, and as near-duplicates it knows those with the same
hash only; so it is given the pictures that are decoded here anyway, scaled.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from deploy.bundle.errors import MissingDriver
from deploy.bundle.pixels import Pixels
from trainer.checking.finding import Finding, Kind

_DARK, _BLURRED, _ASPECT, _SIZE = "dark", "blurry", "odd_aspect_ratio", "odd_size"
_KINDS: dict[str, tuple[Kind, str]] = {
    _DARK: ("dark", "the lightest hundredth of it has {:.0%} of full brightness"),
    _BLURRED: ("blurred", "sharpness {:.2f}, expected at least 0.29"),
    _ASPECT: ("odd-sized", "its shorter side is {:.0%} of the longer"),
    _SIZE: ("odd-sized", "its size is far from that of the others"),
}


def qualities_of(picture: Pixels) -> dict[str, float]:
    """Measure RGB uint8 [H, W, 3]; a scaled one gives nearly the same."""
    from PIL import Image

    image = Image.fromarray(picture)
    found: dict[str, Any] = {}
    for issue in (_DARK, _BLURRED):
        found |= _manager().image_properties[issue].calculate(image)
    return {name: float(value) for name, value in found.items()}


def poor_pictures(
    paths: Sequence[str], qualities: Sequence[dict[str, float]], sizes: Sequence[tuple[int, int]]
) -> Iterator[Finding]:
    """Those beyond CleanVision's limits.

    Args:
        qualities: of each path, from `qualities_of`.
        sizes: width and height of each path in pixels, as the file has them.
    """
    import pandas as pd

    if not paths:
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
            yield Finding(kind, paths[number], says.format(score), score)


@cache
def _manager() -> Any:
    try:
        from cleanvision.issue_managers.image_property_issue_manager import (
            ImagePropertyIssueManager,
        )
    except ImportError as error:
        raise MissingDriver("cleanvision", "data") from error
    return ImagePropertyIssueManager()
