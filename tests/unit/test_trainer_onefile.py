import base64

import cv2
import numpy as np
import pytest

from trainer.onefile import filled, jpeg_uri


@pytest.mark.parametrize(
    ("package", "name"), [("trainer.checking", "check"), ("trainer.reporting", "report")]
)
def test_what_fills_a_place_is_no_place_itself(package: str, name: str) -> None:
    contents = {"name": "{body}{style}", "body": "<p>{name} {script}</p>", "version": "1"}
    page = filled(package, name, {**contents, "digest": "sha256:0"})
    assert "<h1>{body}{style}</h1>" in page
    assert "<p>{name} {script}</p>" in page
    assert page.count("<style>\n{") == 0


def test_a_picture_lies_in_the_page() -> None:
    pixels = np.full((8, 12, 3), (200, 30, 30), np.uint8)
    kind, _, encoded = jpeg_uri(pixels, 90).partition(",")
    assert kind == "data:image/jpeg;base64"
    found = cv2.imdecode(np.frombuffer(base64.b64decode(encoded), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert found is not None
    assert np.abs(found.astype(int) - pixels).max() < 8
