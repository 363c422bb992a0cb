"""The bundle that other tests lean on says of a colour what they believe it says."""

from pathlib import Path

import pytest

from deploy.bundle.limits import Limits
from deploy.bundle.manifest import open_bundle
from deploy.bundle.pixels import frame_to_pixels
from deploy.bundle.reference import check_model, open_reference
from tests.models import LABELS, solid_jpeg


@pytest.mark.parametrize("label", LABELS)
def test_a_picture_of_one_colour_gets_the_label_of_that_colour(
    tiny_bundle: Path, label: str
) -> None:
    bundle = open_bundle(tiny_bundle)
    check_model(bundle)
    pixels = frame_to_pixels(solid_jpeg(label), bundle.manifest.input, Limits())
    scores = open_reference(bundle.model, threads=1).probabilities(pixels[None])[0]
    assert bundle.manifest.labels[int(scores.argmax())] == label
    assert scores.max() > 0.9
