"""The JSON values: what a subscriber reads, and the schemas that promise it."""

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from docs.schemas import FOLDER, documents
from edge.asyncapi import asyncapi
from edge.wire import (
    Classification,
    Skipped,
    json_schema,
    read_classification,
    write_skipped,
)
from tests.ending import finished
from tests.frames import skipped as plainly_skipped
from tests.unit.outcomes import (
    DIGEST,
    aged_out,
    classified,
    inferred_frame,
    skipped,
    some_record,
    some_writer,
)

HANDED_OVER = 101.75
WRITTEN = some_writer().write(classified(), HANDED_OVER)


def committed(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def test_a_classification_says_which_frame_which_model_which_engine_and_how_long() -> None:
    assert json.loads(WRITTEN) == {
        "camera": "gate-1",
        "frame": {
            "id": "frame-42",
            "topic": "frames",
            "partition": 3,
            "offset": 42,
            "captured_at": "2026-09-21T14:13:20.250000Z",
        },
        "label": "vehicle",
        "confidence": 0.75,
        "scores": {"vehicle": 0.75, "parcel": 0.125, "background": 0.0625},
        "model": {"name": "yard", "version": "4", "digest": DIGEST},
        "engine": {"kind": "openvino", "precision": "bf16", "digest": some_record().digest},
        "latency": {
            "transport": 0.5,
            "queue": 0.25,
            "decode": 0.25,
            "batch": 0.25,
            "inference": 0.25,
            "publish": 0.25,
        },
    }


def test_scores_come_highest_first() -> None:
    assert list(json.loads(WRITTEN)["scores"]) == ["vehicle", "parcel", "background"]


def test_what_was_written_can_be_read_back() -> None:
    seen = read_classification(WRITTEN)
    assert (seen.camera, seen.label, seen.frame.offset) == ("gate-1", "vehicle", 42)
    assert msgspec.json.encode(seen) == WRITTEN


NOT_UTF8 = WRITTEN.replace(b"gate-1", b"gate-\xff")
DEEP = WRITTEN[:-1] + b',"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@pytest.mark.parametrize(
    "value",
    [b"", b"{}", b"[]", b"\xff", WRITTEN[:-1], NOT_UTF8, DEEP],
    ids=["empty", "nothing", "list", "no text", "cut", "not UTF-8", "deep"],
)
def test_what_is_no_classification_is_refused(value: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        read_classification(value)


def test_a_field_that_a_newer_version_adds_does_not_disturb() -> None:
    newer = {**json.loads(WRITTEN), "weather": "rain"}
    assert read_classification(json.dumps(newer).encode()) == read_classification(WRITTEN)


def test_a_skipped_frame_says_why_and_where_it_lies() -> None:
    assert json.loads(write_skipped(plainly_skipped(inferred_frame(), "shed"))) == {
        "reason": "shed",
        "topic": "frames",
        "partition": 3,
        "offsets": [42],
    }


def test_a_gated_frame_says_what_was_last_seen_and_in_which_frame() -> None:
    assert json.loads(write_skipped(skipped()))["same_as"] == {
        "label": "parcel",
        "confidence": 0.875,
        "frame": {
            "id": "frame-40",
            "topic": "frames",
            "partition": 3,
            "offset": 40,
            "captured_at": "2026-09-21T14:13:18.250000Z",
        },
    }


def test_frames_that_were_deleted_unread_are_told_by_every_offset() -> None:
    assert json.loads(write_skipped(aged_out(7, 10)))["offsets"] == [7, 8, 9, 10]


def test_the_committed_schema_accepts_what_the_service_writes() -> None:
    jsonschema.validate(json.loads(WRITTEN), committed("classification.schema.json"))
    for outcome in (skipped(), aged_out(3, 4)):
        jsonschema.validate(json.loads(write_skipped(outcome)), committed("skipped.schema.json"))


@pytest.mark.parametrize(
    ("field", "wrong"), [("camera", 7), ("scores", ["vehicle"]), ("frame", None), ("label", None)]
)
def test_the_committed_schema_refuses_a_wrong_type(field: str, wrong: Any) -> None:
    document = {**json.loads(WRITTEN), field: wrong}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, committed("classification.schema.json"))


@pytest.mark.parametrize("field", ["camera", "frame", "label", "scores", "model", "latency"])
def test_the_committed_schema_wants_each_field(field: str) -> None:
    document = {name: value for name, value in json.loads(WRITTEN).items() if name != field}
    with pytest.raises(jsonschema.ValidationError, match=field):
        jsonschema.validate(document, committed("classification.schema.json"))


@pytest.mark.parametrize("kind", [Classification, Skipped])
def test_a_schema_is_complete_in_itself(kind: type[msgspec.Struct]) -> None:
    schema = json_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    for target in references(schema):
        assert target.removeprefix("#/$defs/") in schema["$defs"]


def test_every_reference_within_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    for target in references(document):
        place: Any = document
        for step in target.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def test_the_asyncapi_document_names_every_topic_by_its_default() -> None:
    addresses = {channel["address"] for channel in asyncapi()["channels"].values()}
    assert addresses == {
        "frames",
        "classifications",
        "frames.skipped",
        "frames.dead-letters",
        "models",
        "models.status",
    }


def test_the_committed_documents_are_up_to_date() -> None:
    made = {path.name for path in documents() if path.parent == FOLDER}
    assert {path.name for path in FOLDER.iterdir()} == made
    for path, text in documents().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} is out of date: make schemas"


@pytest.mark.slow
def test_the_check_of_the_generated_files_passes_as_make_runs_it() -> None:
    checked = finished(
        [sys.executable, "-m", "docs.schemas", "--check"],
        cwd=Path(__file__).parents[2],
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def references(document: Any) -> list[str]:
    """Every `$ref` within a document."""
    if isinstance(document, list):
        return [found for part in document for found in references(part)]
    if not isinstance(document, dict):
        return []
    own = [document["$ref"]] if isinstance(document.get("$ref"), str) else []
    return own + [found for part in document.values() for found in references(part)]
