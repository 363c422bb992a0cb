"""A bundle is what its manifest says to the last byte, or it is refused with the place named."""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.bundle.errors import BundleError
from deploy.bundle.manifest import (
    MANIFEST,
    MODEL,
    Bundle,
    InputSpec,
    OutputSpec,
    open_bundle,
    parse_manifest,
    write_bundle,
)

DIGEST = "0" * 64
DOCUMENT: dict[str, Any] = {
    "schema": "yardlight.bundle/1",
    "name": "yard",
    "version": "2026-11",
    "labels": ["vehicle", "pedestrian"],
    "input": {"width": 224, "height": 160, "resize": "squash", "filter": "area"},
    "outputs": {"activation": "softmax", "extra": []},
    "files": {MODEL: DIGEST},
    "provenance": {},
}


def seal(folder: Path, **changes: Any) -> Bundle:
    settings: dict[str, Any] = {
        "name": "yard",
        "version": "1",
        "labels": ("vehicle", "pedestrian"),
        "input_spec": InputSpec(224, 160),
        "outputs": OutputSpec(),
        "provenance": {"made_by": "a test"},
    }
    return write_bundle(folder, **{**settings, **changes})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sealed bundle of two files."""
    place = tmp_path / "yard"
    (place / "golden").mkdir(parents=True)
    (place / MODEL).write_bytes(b"weights")
    (place / "golden" / "0000.jpg").write_bytes(b"picture")
    seal(place)
    return place


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(BundleError) as caught:
        act()
    return str(caught.value)


def parsing(document: Any) -> str:
    return refusal(lambda: parse_manifest(json.dumps(document).encode(), "bundle.json"))


def with_field(path: str, value: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(DOCUMENT))
    *parents, name = path.split(".")
    place = document
    for parent in parents:
        place = place[parent]
    place[name] = value
    return document


def test_what_was_sealed_is_read_back(folder: Path) -> None:
    bundle = open_bundle(folder)
    manifest = bundle.manifest
    assert (manifest.name, manifest.version) == ("yard", "1")
    assert manifest.labels == ("vehicle", "pedestrian")
    assert manifest.input == InputSpec(224, 160, "squash", "area")
    assert manifest.outputs == OutputSpec("softmax", ())
    assert set(manifest.files) == {MODEL, "golden/0000.jpg"}
    assert manifest.provenance == {"made_by": "a test"}
    assert bundle.digest.startswith("sha256:")
    assert bundle.model.read_bytes() == b"weights"


def test_engines_and_the_signature_lie_outside_the_manifest(folder: Path) -> None:
    before = open_bundle(folder).digest
    (folder / "engines" / "openvino").mkdir(parents=True)
    (folder / "engines" / "openvino" / "blob").touch()
    (folder / "bundle.sig").touch()
    assert open_bundle(folder).digest == before


def test_the_folder_of_a_bundle_may_be_a_link(folder: Path) -> None:
    current = folder.with_name("current")
    current.symlink_to(folder)
    assert open_bundle(current).manifest == open_bundle(folder).manifest


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    assert refusal(lambda: open_bundle(tmp_path)) == (
        f"{tmp_path} is not a bundle: {tmp_path / MANIFEST} does not exist"
    )


def test_a_file_that_was_changed_is_named_with_both_hashes(folder: Path) -> None:
    expected = open_bundle(folder).manifest.files[MODEL]
    (folder / MODEL).write_bytes(b"heavier")
    said = refusal(lambda: open_bundle(folder))
    assert said.startswith(f"{folder / MODEL}: sha256 is ")
    assert said.endswith(f"bundle.json says {expected}")


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "golden" / "0000.jpg").unlink()
    assert refusal(lambda: open_bundle(folder)) == (
        f"{folder}: listed but missing: golden/0000.jpg"
    )


def test_a_folder_in_the_place_of_a_file_is_a_missing_file(folder: Path) -> None:
    (folder / MODEL).unlink()
    (folder / MODEL).mkdir()
    assert refusal(lambda: open_bundle(folder)) == f"{folder}: listed but missing: {MODEL}"


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "golden/engines", "golden/bundle.json"])
def test_a_file_that_is_not_listed_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"")
    assert refusal(lambda: open_bundle(folder)) == (
        f"{folder}: present but not listed in bundle.json: {name}"
    )


@pytest.mark.parametrize("name", [MODEL, "golden/0000.jpg", MANIFEST])
def test_a_symbolic_link_is_refused_even_to_the_same_bytes(folder: Path, name: str) -> None:
    copy = folder.parent / "copy"
    (folder / name).rename(copy)
    (folder / name).symlink_to(copy)
    assert refusal(lambda: open_bundle(folder)).startswith(f"{folder / name} is a symbolic link")


def test_a_linked_folder_is_refused(folder: Path) -> None:
    (folder / "golden").rename(folder.parent / "elsewhere")
    (folder / "golden").symlink_to(folder.parent / "elsewhere")
    assert "golden is a symbolic link" in refusal(lambda: open_bundle(folder))


@pytest.mark.parametrize("name", [MODEL, MANIFEST])
def test_a_pipe_is_refused_instead_of_waited_for(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    said = refusal(lambda: open_bundle(folder))
    assert said.startswith(f"{folder / name} is neither a file nor a folder")


def test_a_folder_that_is_named_like_the_manifest_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).mkdir()
    assert refusal(lambda: open_bundle(tmp_path)).startswith(f"{tmp_path / MANIFEST} cannot be")


@pytest.mark.parametrize(
    "path",
    [
        "../secrets",
        "golden/../../secrets",
        "/etc/passwd",
        "golden\\0000.jpg",
        "golden/0\0.jpg",
        "golden/\n.jpg",
        "./golden/0000.jpg",
        "golden//0000.jpg",
        "golden/",
        ".",
        "",
        "engines/openvino/blob",
        "bundle.json",
        "bundle.sig",
    ],
)
def test_a_path_that_leaves_the_bundle_or_has_two_spellings_is_refused(path: str) -> None:
    said = parsing(with_field("files", {MODEL: DIGEST, path: DIGEST}))
    assert said == (
        f"bundle.json: files: path {path!r} is not allowed: it must stay within the bundle"
    )


def test_a_bundle_without_a_model_is_refused() -> None:
    assert (
        parsing(with_field("files", {"a": DIGEST}))
        == "bundle.json: files: model.onnx is not listed"
    )


@pytest.mark.parametrize("digest", ["", "0" * 63, "Z" * 64, "sha256:" + DIGEST, 0, None])
def test_a_hash_that_is_none_is_refused(digest: Any) -> None:
    said = parsing(with_field("files", {MODEL: digest}))
    assert said == (
        f"bundle.json: files: {MODEL} is {digest!r}, expected a sha256 of 64 hexadecimal digits"
    )


@pytest.mark.parametrize("schema", [None, 1, "yardlight.bundle/2", "", ["yardlight.bundle/1"]])
def test_an_unknown_schema_is_refused_before_anything_else_is_read(schema: Any) -> None:
    said = parsing({"schema": schema})
    assert said == (
        f"bundle.json: schema {schema!r} is not known here, expected 'yardlight.bundle/1'"
    )


@pytest.mark.parametrize("field", [name for name in DOCUMENT if name != "schema"])
def test_a_missing_field_is_named(field: str) -> None:
    document = {name: value for name, value in DOCUMENT.items() if name != field}
    assert parsing(document).startswith(f"bundle.json: field '{field}' is missing, expected ")


@pytest.mark.parametrize(
    ("field", "values", "expected"),
    [
        ("name", ["", 7, None, "a\x1b[2J"], "a non-empty string without control characters"),
        ("version", ["", 1.0, ["1"]], "a non-empty string without control characters"),
        ("labels", ["cat", [""], [1], ["a\n"], {}], "a list of non-empty strings"),
        ("input", [[], 224, None], "an object"),
        ("input.width", [0, -1, 8193, 10**30, True, 2.0, "224"], "a whole number from 1 to 8192"),
        ("input.height", [0, False, None], "a whole number from 1 to 8192"),
        ("input.resize", ["stretch", "", None], "one of squash, center-crop, letterbox"),
        ("input.filter", ["lanczos", 3], "one of area, bilinear"),
        ("outputs", ["softmax"], "an object"),
        ("outputs.activation", ["relu", True], "one of softmax, sigmoid"),
        ("outputs.extra", ["embedding", [1]], "a list of non-empty strings"),
        ("files", [[MODEL], None], "an object"),
        ("provenance", ["a test", None, []], "an object"),
    ],
)
def test_an_impossible_value_is_named_with_what_was_expected(
    field: str, values: list[Any], expected: str
) -> None:
    *parents, name = field.split(".")
    where = ": ".join(["bundle.json", *parents])
    for value in values:
        said = parsing(with_field(field, value))
        assert said.startswith(f"{where}: {name} is {value!r}, expected {expected}")


def test_labels_that_repeat_are_named() -> None:
    said = parsing(with_field("labels", ["car", "van", "car", "van", "bus"]))
    assert said == "bundle.json: labels are not unique, repeated: car, van"


def test_no_labels_are_refused() -> None:
    assert parsing(with_field("labels", [])) == "bundle.json: labels is empty"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff\xfe\xfa", "codec can't decode"),
        (b'{"a": 1, "a": 2}', "repeated keys: 'a'"),
        (b'{"files": {"b": 1, "b": 1}}', "repeated keys: 'b'"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b"[" * 200_000, "recursion"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "digits"),
    ],
    ids=["empty", "cut", "not-utf8", "repeated", "repeated-file", "nan", "deep", "long-number"],
)
def test_what_is_not_json_is_refused(text: bytes, said: str) -> None:
    message = refusal(lambda: parse_manifest(text, "bundle.json"))
    assert message.startswith("bundle.json is not JSON: ")
    assert said in message


@pytest.mark.parametrize("text", [b"[]", b'"text"', b"7", b"null", b"true"])
def test_json_that_is_no_object_is_refused(text: bytes) -> None:
    said = refusal(lambda: parse_manifest(text, "bundle.json"))
    assert said.startswith("bundle.json: expected an object, found ")


@given(st.binary(max_size=200) | st.none() | st.text() | st.dictionaries(st.text(), st.integers()))
def test_whatever_the_file_holds_only_a_bundle_error_comes_out(content: Any) -> None:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    refusal(lambda: parse_manifest(text, "bundle.json"))


@given(st.integers(0, len(json.dumps(DOCUMENT)) - 1), st.characters(codec="ascii"))
def test_one_wrong_character_is_read_or_refused_but_never_crashes(at: int, sign: str) -> None:
    text = json.dumps(DOCUMENT)
    with contextlib.suppress(BundleError):
        parse_manifest((text[:at] + sign + text[at + 1 :]).encode(), "bundle.json")


def test_letters_of_any_language_are_labels(folder: Path) -> None:
    labels = ("vehículo", "行人", "ящик", "🚚", "fork lift")
    assert seal(folder, labels=labels).manifest.labels == labels


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Path("yard"), "\ud800"])
def test_a_provenance_that_json_cannot_hold_is_refused_when_sealing(
    folder: Path, value: object
) -> None:
    said = refusal(lambda: seal(folder, provenance={"loss": value}))
    assert said.startswith(f"{folder / MANIFEST} cannot be written as JSON: ")


def test_what_would_not_be_read_back_is_not_written(folder: Path) -> None:
    before = (folder / MANIFEST).read_bytes()
    assert "not unique" in refusal(lambda: seal(folder, labels=("a", "a")))
    assert (folder / MANIFEST).read_bytes() == before


def test_the_same_content_has_the_same_digest_wherever_it_lies(folder: Path) -> None:
    elsewhere = folder.with_name("elsewhere")
    (elsewhere / "golden").mkdir(parents=True)
    (elsewhere / "golden" / "0000.jpg").write_bytes(b"picture")
    (elsewhere / MODEL).write_bytes(b"weights")
    assert seal(elsewhere).digest == open_bundle(folder).digest
