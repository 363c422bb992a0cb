"""The report: one file that needs nothing, says everything and shows people only when asked."""

import re
from pathlib import Path

import numpy as np
import pytest

from deploy.bundle.annotation import Annotation, write_annotation
from deploy.bundle.limits import Limits
from deploy.bundle.manifest import InputSpec, open_bundle
from deploy.bundle.pixels import frame_to_pixels
from deploy.bundle.reference import open_reference
from deploy.importing.importer import import_model
from tests.models import LABELS, SPEC, solid_jpeg, write_network
from trainer.calibration import Calibration
from trainer.curve import Epoch
from trainer.data.layout import read_split
from trainer.data.pictures import Pictures, read_pictures
from trainer.evaluate import evaluate
from trainer.evaluation import Evaluation
from trainer.logistic import softmax
from trainer.report import Trained
from trainer.reporting.card import CARD, Subject, write_card
from trainer.reporting.page import Contents, page_of
from trainer.reporting.private import report_on
from trainer.tasks.one_label import OneLabel

CURVE = tuple(
    Epoch(number, 1 / number, 0.5 + number / 20, 1.2 / number, 0.5 + number / 25, 1e-3)
    for number in range(1, 7)
)

CALIBRATION = Calibration(1.5)


def subject(labels: tuple[str, ...] = ("cat", "dog")) -> Subject:
    data = {"digest": "sha256:abc", "train": {"cat": 40, "dog": 60}, "val": {"cat": 2, "dog": 2}}
    provenance = {"made_by": "yardlight-train fit", "data": data, "config": {"backbone": "plain"}}
    return Subject("yard", "3", labels, InputSpec(96, 96), provenance)


def evaluation(labels: tuple[str, ...] = ("cat", "dog")) -> Evaluation:
    logits = np.array([[3, 0], [0, 2], [1, 0], [0, 4]], np.float32)
    return Evaluation.of(
        OneLabel(),
        labels,
        np.eye(2, dtype=bool)[[0, 0, 0, 1]],
        softmax(logits),
        logits,
        CALIBRATION,
    )


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = page_of(Contents(subject(), Trained(CURVE, 5, CALIBRATION), evaluation()))
    assert not re.search(r"(?:src|href)=\"(?!data:)", page)
    assert "<script" not in page
    assert "<img" not in page


def test_the_page_has_what_was_measured() -> None:
    page = page_of(Contents(subject(), Trained(CURVE, 5, CALIBRATION), evaluation()))
    assert (
        'aria-label="loss by epoch: at the end 0.167 in training and 0.200 in validation"' in page
    )
    assert "before temperature 1.50" in page
    assert '<td class="wrong" style="--share:0.333">1<small>33 %</small></td>' in page


def test_a_label_is_text_and_never_markup() -> None:
    labels = ("<b>cat</b>", "{body}")
    page = page_of(Contents(subject(labels), Trained(), evaluation(labels)))
    assert "<b>cat" not in page
    assert "{body}" in page


def test_the_card_says_where_the_network_ends(tmp_path: Path) -> None:
    write_card(tmp_path, subject(), evaluation())
    card = (tmp_path / "report" / CARD).read_text()
    assert "# yard 3" in card
    assert "- **accuracy**: 0.750 (0.301 to 0.954, 95 %)" in card
    assert "It misses cat most often: recall 0.667." in card
    assert "Too few pictures to be sure of (under 30): cat (3), dog (1)." in card


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Vehicles of which one lies with the parcels."""
    for label in LABELS:
        (tmp_path / "val" / label).mkdir(parents=True)
        (tmp_path / "val" / label / "a.jpg").write_bytes(solid_jpeg(label))
    (tmp_path / "val" / "parcel" / "wrong.jpg").write_bytes(solid_jpeg("vehicle"))
    return tmp_path / "val"


def test_mistakes_are_shown_with_what_they_were_called(tiny_bundle: Path, pictures: Path) -> None:
    page = private_page(tiny_bundle, pictures, show=True)
    mistakes = page.partition('id="mistakes"')[2].partition("</section>")[0]
    assert "<b>vehicle</b>" in mistakes
    assert "is <b>parcel</b>" in mistakes
    assert "parcel/wrong.jpg" in mistakes
    assert mistakes.count("<li>") == 1


@pytest.mark.parametrize("is_missed", [True, False])
def test_of_several_labels_each_wrong_one_is_a_mistake_of_its_own(
    tmp_path: Path, is_missed: bool
) -> None:
    write_network(tmp_path / "colours.onnx", "Sigmoid")
    bundle = import_model(tmp_path / "colours.onnx", SPEC, tmp_path / "several")
    picture = tmp_path / "val" / "frames" / "a.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(solid_jpeg("vehicle"))
    pixels = frame_to_pixels(picture.read_bytes(), SPEC.input, Limits())
    said = open_reference(bundle.model).probabilities(pixels[None])[0]
    called = {label for label, likely in zip(LABELS, said, strict=True) if likely >= 0.5}
    wrong = min(set(LABELS) - called) if is_missed else "vehicle"
    write_annotation(picture, Annotation(tuple(sorted(called ^ {wrong}))))

    page = private_page(bundle.folder, tmp_path / "val", show=True)
    mistakes = page.partition('id="mistakes"')[2].partition("</section>")[0]
    assert mistakes.count("<li>") == 1
    shows = " + ".join(label for label in LABELS if label in called ^ {wrong}) or "none"
    assert f"<b>{wrong}</b> {said[LABELS.index(wrong)]:.2f}, is <b>{shows}</b>" in mistakes


def test_without_pictures_none_is_there(tiny_bundle: Path, pictures: Path) -> None:
    page = private_page(tiny_bundle, pictures, show=False)
    assert "<img" not in page
    assert "wrong.jpg" not in page


def test_only_its_owner_may_read_a_page_that_may_show_people(
    tiny_bundle: Path, pictures: Path
) -> None:
    private_page(tiny_bundle, pictures, show=True)
    folder = pictures.parent / "report"
    assert folder.stat().st_mode & 0o77 == 0
    assert (folder / "index.html").stat().st_mode & 0o77 == 0


def private_page(bundle: Path, folder: Path, *, show: bool) -> str:
    opened = open_bundle(bundle)
    measured, seen = evaluate(opened, folder, 1, lambda _, items, __: iter(items))
    place = folder.parent / "report"
    page = report_on(opened, seen, measured, place, folder.parent, threads=1, show=show)
    return page.read_text("utf-8")


def test_the_pictures_that_are_judged_are_those_of_the_split(
    tiny_bundle: Path, pictures: Path
) -> None:
    measured, seen = evaluate(open_bundle(tiny_bundle), pictures, 1, lambda _, it, __: iter(it))
    assert isinstance(seen, Pictures)
    assert measured.marks.pictures == len(seen) == 5
    spec = open_bundle(tiny_bundle).manifest.input
    again = read_pictures(read_split(pictures), LABELS, spec, 1, lambda _, it, __: iter(it))
    np.testing.assert_array_equal(seen.pixels, again.pixels)
