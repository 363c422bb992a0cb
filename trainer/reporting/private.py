"""The whole report, with pictures and with what is of this machine: for whoever trains.

A bundle is shipped to nodes, and the same training makes the same bundle to the byte; so neither
people's pictures nor times of this machine lie in it, but here.
"""

from pathlib import Path

from deploy.bundle.manifest import Bundle
from deploy.bundle.reference import open_reference
from trainer.data.pictures import Pictures
from trainer.evaluation import Evaluation
from trainer.explaining.heat import Explainer
from trainer.latency import measure_latency
from trainer.report import read_report
from trainer.reporting.card import Subject
from trainer.reporting.checked import read_checked
from trainer.reporting.figures import draw_figures
from trainer.reporting.page import Contents, write_private_page


def report_on(
    bundle: Bundle,
    pictures: Pictures,
    evaluation: Evaluation,
    folder: Path,
    data: Path,
    *,
    threads: int,
    show: bool,
) -> Path:
    """Write `index.html` into `folder`, which becomes private.

    Args:
        bundle: what was trained.
        pictures: what it is measured on.
        evaluation: what came of that.
        folder: where to.
        data: the data set, beside which `check` may have left what it found.
        threads: CPU threads; 0 takes every core.
        show: whether the page has pictures.

    Raises:
        OSError: the folder cannot be written.
    """
    reference = open_reference(bundle.model, threads=threads)
    manifest = bundle.manifest
    contents = Contents(
        Subject(
            manifest.name, manifest.version, manifest.labels, manifest.input, manifest.provenance
        ),
        read_report(bundle),
        evaluation,
        measure_latency(reference, manifest.input, threads),
        read_checked(data),
        draw_figures(Explainer.of(bundle, reference), pictures, evaluation) if show else None,
    )
    return write_private_page(folder, contents)
