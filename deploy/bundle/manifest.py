"""The manifest: what a bundle is, read and written with the standard library alone.

A bundle is a folder with `bundle.json`, the files that it lists, and beside them `engines/`, whose
folders carry manifests of their own (`deploy.engines.record`).
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeAlias, cast, get_args

from deploy.bundle.errors import BundleError
from deploy.bundle.fields import Fields, is_text, object_of

SCHEMA = "yardlight.bundle/1"
MANIFEST = "bundle.json"
SIGNATURE = "bundle.sig"
MODEL = "model.onnx"
INT8_MODEL = "model.int8.onnx"
"""The network with Q/DQ, where the bundle was quantised."""
ENGINES = "engines"
UNLISTED = frozenset({MANIFEST, SIGNATURE})

Vouch: TypeAlias = Callable[[Path, bytes], None]
Resize: TypeAlias = Literal["squash", "center-crop", "letterbox"]
Filter: TypeAlias = Literal["area", "bilinear"]
Activation: TypeAlias = Literal["softmax", "sigmoid"]
THRESHOLD = 0.5
"""Under sigmoid a label is there where its probability is not lower; a bundle has no other one."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """The pixels that the network takes: uint8 [N, height, width, 3], RGB."""

    width: int
    height: int
    resize: Resize = "squash"
    filter: Filter = "area"


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What the network gives: `probabilities`, `logits`, float32 [N, C], and what else it has."""

    activation: Activation = "softmax"
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of `bundle.json`."""

    name: str
    version: str
    labels: tuple[str, ...]
    input: InputSpec
    outputs: OutputSpec
    files: Mapping[str, str]
    """Path within the bundle → sha256 of the file, hexadecimal."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Where the model came from: data digest, commit, configuration, versions, accuracy."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle on disk whose manifest was read and whose files were checked."""

    folder: Path
    manifest: Manifest
    digest: str
    """`sha256:…` of `bundle.json`, which covers every listed file by its hash."""

    @property
    def model(self) -> Path:
        return self.folder / MODEL

    @property
    def engines(self) -> Path:
        return self.folder / ENGINES


def anybody(_path: Path, _text: bytes) -> None:
    """Whoever made it, it is taken."""


def open_bundle(folder: Path, vouch: Vouch = anybody) -> Bundle:
    """Read a bundle and check every file that it lists.

    Args:
        vouch: is asked about the manifest before anything of it is parsed; raises if it must not be
            used, as `deploy.bundle.signature.Trust.vouch` does.

    Raises:
        BundleError: the folder is not a bundle, the manifest says something impossible, or a file
            is missing, unlisted, outside the folder or not the one that was listed.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise BundleError(f"{folder} is not a bundle: {path} does not exist")
    _refuse_special(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}") from error
    vouch(path, text)
    manifest = parse_manifest(text, str(path))
    _check_files(folder, manifest)
    return Bundle(folder, manifest, digest_of(text))


def write_bundle(
    folder: Path,
    *,
    name: str,
    version: str,
    labels: tuple[str, ...],
    input_spec: InputSpec,
    outputs: OutputSpec,
    provenance: Mapping[str, Any],
) -> Bundle:
    """Seal a folder: list all that lies in it (but for `engines/`) and write `bundle.json`.

    Raises:
        BundleError: what was written would not be read back.
    """
    files = {path: sha256_of(folder / path) for path in sorted(_present(folder))}
    manifest = Manifest(name, version, labels, input_spec, outputs, files, provenance)
    document = {"schema": SCHEMA, **asdict(manifest)}
    path = folder / MANIFEST
    try:
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        encoded = text.encode()
    except (TypeError, ValueError) as error:
        raise BundleError(f"{path} cannot be written as JSON: {error}") from error
    parse_manifest(encoded, str(path))
    path.write_bytes(encoded)
    return open_bundle(folder)


def digest_of(text: bytes) -> str:
    """The digest of the bundle whose `bundle.json` has these bytes."""
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def parse_manifest(text: bytes, where: str) -> Manifest:
    """Parse `bundle.json`; `where` names it in errors.

    Raises:
        BundleError: not JSON, an unknown schema, or a field that is missing or impossible.
    """
    read = object_of(text, where)
    found = read.document.get("schema")
    if found != SCHEMA:
        raise BundleError(f"{where}: schema {found!r} is not known here, expected {SCHEMA!r}")
    return Manifest(
        name=read.text("name"),
        version=read.text("version"),
        labels=_labels(read),
        input=_input(read.child("input")),
        outputs=_outputs(read.child("outputs")),
        files=_files(read.child("files")),
        provenance=read.child("provenance").document,
    )


def _labels(read: Fields) -> tuple[str, ...]:
    labels = read.texts("labels")
    if not labels:
        raise BundleError(f"{read.where}: labels is empty")
    repeated = sorted({label for label in labels if labels.count(label) > 1})
    if repeated:
        raise BundleError(f"{read.where}: labels are not unique, repeated: {', '.join(repeated)}")
    return labels


def _input(read: Fields) -> InputSpec:
    return InputSpec(
        width=read.size("width"),
        height=read.size("height"),
        resize=cast(Resize, read.choice("resize", get_args(Resize))),
        filter=cast(Filter, read.choice("filter", get_args(Filter))),
    )


def _outputs(read: Fields) -> OutputSpec:
    activation = cast(Activation, read.choice("activation", get_args(Activation)))
    return OutputSpec(activation, read.texts("extra"))


def _files(read: Fields) -> dict[str, str]:
    files = {path: read.digest(path) for path in read.document}
    for path in files:
        _refuse_escape(path, read.where)
    if MODEL not in files:
        raise BundleError(f"{read.where}: {MODEL} is not listed")
    return files


def _refuse_escape(path: str, where: str) -> None:
    pure = PurePosixPath(path)
    climbs = pure.is_absolute() or ".." in pure.parts or "\\" in path or not is_text(path)
    plain = str(pure) == path and pure.parts
    if climbs or not plain or pure.parts[0] == ENGINES or path in UNLISTED:
        raise BundleError(f"{where}: path {path!r} is not allowed: it must stay within the bundle")


def _check_files(folder: Path, manifest: Manifest) -> None:
    present = set(_present(folder))
    missing = sorted(set(manifest.files) - present)
    if missing:
        raise BundleError(f"{folder}: listed but missing: {', '.join(missing)}")
    unlisted = sorted(present - set(manifest.files))
    if unlisted:
        raise BundleError(f"{folder}: present but not listed in {MANIFEST}: {', '.join(unlisted)}")
    for path, expected in manifest.files.items():
        try:
            found = sha256_of(folder / path)
        except OSError as error:
            raise BundleError(f"{folder / path} cannot be read: {error.strerror}") from error
        if found != expected:
            raise BundleError(f"{folder / path}: sha256 is {found}, {MANIFEST} says {expected}")


def _present(folder: Path) -> Iterator[str]:
    """Every file of the bundle but those outside the manifest; links are refused, there too."""
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        _refuse_link(path)
        if relative.parts[0] == ENGINES:
            continue
        _refuse_special(path)
        if path.is_file() and str(relative) not in UNLISTED:
            yield relative.as_posix()


def _refuse_link(path: Path) -> None:
    """A link could lead out of the bundle."""
    if path.is_symlink():
        raise BundleError(f"{path} is a symbolic link: a bundle holds plain files only")


def _refuse_special(path: Path) -> None:
    """A pipe would never end."""
    _refuse_link(path)
    if not path.is_file() and not path.is_dir():
        raise BundleError(f"{path} is neither a file nor a folder: a bundle holds plain files only")
