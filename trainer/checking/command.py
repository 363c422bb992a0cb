"""`yardlight-train check`: what is wrong with a data set, shown, put aside, brought back."""

import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from deploy.bundle.manifest import open_bundle
from deploy.bundle.printable import printable
from trainer.checking.aside import bring_back, put_aside
from trainer.checking.document import write_document
from trainer.checking.examination import Examination, examine
from trainer.checking.features import BundleNetwork, Network
from trainer.checking.finding import CERTAIN, KINDS, Kind
from trainer.checking.page import write_page
from trainer.checking.pretrained import PretrainedNetwork
from trainer.collection.folder import read_data_set, require_writable
from trainer.errors import DataError
from trainer.progress import Live
from trainer.settings import NOTHING, Variant

_Flag = Parameter(negative=())


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    data: Path
    """Folder with the pictures: train/LABEL/* and val/LABEL/*, or LABEL/*."""

    out: Path | None = None
    """Folder for check.html, check.json and what was measured, so that the next run looks only at
    what changed; DATA-check beside the data set if not given."""

    bundle: Path | None = None
    """Folder of a bundle whose embedding tells pictures apart: more wrong labels are found than by
    edges, colours and surfaces, which are all there is without a network."""

    backbone: str | None = None
    """With --weights: name of a network that timm has, whose embedding tells pictures apart."""

    weights: Path | None = None
    """File with the backbone's pretrained weights (.safetensors or .pth), as `fit` takes it, where
    there is no --bundle."""

    variant: Variant | None = None
    """With --weights: dialect of the weights, timm's own or tensorflow. Unless given, the one in
    which the file's own classifier is surest of the pictures."""

    size: Annotated[int, Parameter(validator=Number(gte=32, lte=8192))] = 224
    """With --weights: width and height at which the network looks at pictures, in pixels."""

    nothing: str = NOTHING
    """Where annotations name several labels: the label of pictures that says that none of the
    others is there, as `fit` takes it."""

    threads: Annotated[int, Parameter(validator=Number(gte=0))] = 0
    """CPU threads; 0 takes every core."""

    apply: Annotated[bool, _Flag] = False
    """Move what is confirmed into DATA/aside, with a journal: what --confirm and --confirmed name,
    or, where neither is given, unreadable pictures and duplicates."""

    confirm: Annotated[tuple[Kind, ...], Parameter(negative=(), consume_multiple=True)] = ()
    """Kinds of findings of which all are confirmed, such as blurred dark."""

    confirmed: Path | None = None
    """File with confirmed pictures, one a line, as the page saves it."""

    undo: Annotated[bool, _Flag] = False
    """Bring back everything that --apply moved, and look at nothing."""

    @property
    def report(self) -> Path:
        data = self.data.resolve()
        return self.out or data.with_name(f"{data.name}-check")


def check_command(settings: CheckSettings) -> None:
    """Look for what is wrong with a data set before anything is trained on it.

    Unreadable, duplicate, near-duplicate, blurred, dark and odd-sized pictures, likely wrong
    labels, outliers, imbalance, and pictures that show the same in both splits. Nothing is changed
    unless --apply, and nothing is ever deleted.
    """
    if settings.undo:
        _undo(settings.data)
        return
    data = read_data_set(settings.data)
    if settings.apply:
        require_writable(data)
    network = _network(settings)
    _make_report_folder(settings.report)
    with Live() as live:
        found = examine(data, settings.nothing, settings.report, network, settings.threads, live)
        page = write_page(found, settings.report, settings.threads, live.count)
    document = write_document(found, settings.report)
    _say(found)
    sys.stdout.write(f"{page}\n{document}\n")
    if settings.apply:
        count = put_aside(settings.data, _to_apply(settings, found))
        sys.stdout.write(f"{count} pictures put aside; --undo brings them back\n")


def _network(settings: CheckSettings) -> Network | None:
    backbone, weights = settings.backbone, settings.weights
    if (backbone is None) != (weights is None):
        raise DataError("--backbone and --weights go together: a network's name, and its file")
    if settings.bundle is not None:
        if weights is not None:
            raise DataError("give --bundle or --weights: one network tells pictures apart")
        return BundleNetwork(open_bundle(settings.bundle))
    if backbone is None or weights is None:
        return None
    return PretrainedNetwork.of(backbone, weights, settings.variant, settings.size)


def _make_report_folder(folder: Path) -> None:
    """Raises `DataError` before anything is looked at, where nothing could be written."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{folder} cannot be made ({error.strerror}): name another --out"
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataError(f"{folder} is read-only: name another --out")


def _to_apply(settings: CheckSettings, found: Examination) -> list[str]:
    kinds = set(settings.confirm)
    if not kinds and settings.confirmed is None:
        kinds = set(CERTAIN)
    paths = [finding.path for finding in found.findings if finding.kind in kinds]
    if settings.confirmed is not None:
        known = set(found.version.files)
        for path in _listed(settings.confirmed):
            if path not in known:
                raise DataError(f"{settings.confirmed} names {path}, which is not in the data set")
            paths.append(path)
    return paths


def _listed(confirmed: Path) -> list[str]:
    """Paths as the page writes them, in quotes with escapes, or plain."""
    try:
        lines = confirmed.read_text("utf-8").splitlines()
        return [json.loads(line) if line.startswith('"') else line for line in lines if line]
    except ValueError as error:
        raise DataError(f"{confirmed} is no list of pictures, one a line: {error}") from error


def _undo(data: Path) -> None:
    back, taken = bring_back(data)
    sys.stdout.write(f"{back} pictures brought back\n")
    if taken:
        raise DataError(
            f"{len(taken)} stay aside, another picture lies in their place: {', '.join(taken)}"
        )


def _say(found: Examination) -> None:
    counts = Counter(finding.kind for finding in found.findings)
    sys.stdout.write(f"{len(found.data.entries)} pictures, {found.version.digest}\n")
    for kind in KINDS:
        if counts[kind]:
            sys.stdout.write(f"{counts[kind]:6} {kind}\n")
    for note in found.notes:
        sys.stdout.write(f"{printable(note)}\n")
