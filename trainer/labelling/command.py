"""`yardlight-train label`: a page on this machine on which a person labels pictures."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, types
from cyclopts.validators import Number

from deploy.bundle.manifest import Bundle, open_bundle
from trainer.collection.folder import RESERVED, DataSet, read_data_set, require_writable
from trainer.errors import DataError
from trainer.labelling.answers import Answers
from trainer.labelling.queue import left_alone, questions
from trainer.labelling.server import LabelServer, token_of
from trainer.labelling.session import Session
from trainer.progress import Live


def label_command(
    *,
    data: Path,
    bundle: Path | None = None,
    check: Path | None = None,
    labels: str | None = None,
    port: types.Port = 9118,
    threads: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
) -> None:
    """Label pictures in the browser, one key a picture.

    Pictures without a label come first, then those that the network is least sure of; one whose
    annotation has several labels is left as it is. An answer is on the disk before the next picture
    shows; Ctrl-C ends it, and it goes on where it was. Only this machine can open the page, by the
    address that is printed.

    Args:
        data: folder of the data set.
        bundle: bundle that says how sure it is of each picture; else what the service said counts.
        check: check.json of `yardlight-train check`: likely wrong labels come first.
        labels: labels to choose from beside those in use, separated by commas.
        port: port on 127.0.0.1; 0 takes a free one.
        threads: CPU threads for the bundle; 0 takes every core.
    """
    opened = None if bundle is None else open_bundle(bundle)
    require_writable(read_data_set(data))
    answers = Answers(data)
    answers.open()
    found = read_data_set(data)
    choices = _choices(found, opened, labels)
    with Live() as live:
        waiting = questions(found, opened, check, threads, live.count)
    if alone := left_alone(found):
        sys.stdout.write(
            f"{alone} pictures have several labels and stay as they are: an answer is one label\n"
        )
    session = Session.of(found, choices, answers, waiting)
    with LabelServer(session, token_of(data), port) as server:
        sys.stdout.write(f"{len(waiting)} pictures wait: {server.url}\n")
        sys.stdout.flush()
        try:
            server.serve_forever()
        finally:
            sys.stdout.write(f"{answers.count} pictures answered\n")


def _choices(data: DataSet, bundle: Bundle | None, labels: str | None) -> list[str]:
    """Labels in the order of their keys."""
    known = () if bundle is None else bundle.manifest.labels
    typed = [label.strip() for label in (labels or "").split(",") if label.strip()]
    said = typed or sorted({*data.labels, *(known if not data.labels else ())})
    for label in said:
        if "/" in label or label.startswith(".") or label in RESERVED:
            raise DataError(f"label {label!r} cannot be the name of a folder")
    choices = list(dict.fromkeys([*said, *data.labels]))
    if not choices:
        raise DataError(f"{data.root} has no labels yet: name them with --labels cat,dog")
    return choices
