"""A trained network becomes a bundle: exported, proven equal, measured, sealed."""

from collections.abc import Mapping
from pathlib import Path

from torch import nn

from deploy.bundle.destination import whole_or_not_at_all
from deploy.bundle.golden import write_golden
from deploy.bundle.manifest import MODEL, Bundle, OutputSpec, open_bundle, write_bundle
from deploy.bundle.reference import Reference, check_model, open_reference
from trainer.data.pictures import Pictures
from trainer.evaluate import evaluation_of
from trainer.evaluation import Evaluation
from trainer.export import EXTRA_OUTPUTS, export, prove_parity
from trainer.golden import golden_frames
from trainer.memory import Memory, embed, spread_out, write_memory
from trainer.provenance import provenance
from trainer.report import Trained, write_report
from trainer.reporting.card import Subject, write_card
from trainer.reporting.page import Contents, write_page
from trainer.settings import FitSettings
from trainer.tasks.known import task_of


def assemble(
    settings: FitSettings,
    network: nn.Module,
    train: Pictures,
    val: Pictures,
    trained: Trained,
    changes: tuple[str, ...] = (),
    teacher: Mapping[str, str] | None = None,
) -> tuple[Bundle, Evaluation]:
    """Write the bundle `settings.out` and say what the exported network gets right in it.

    Args:
        settings: what was asked for.
        network: the trained one, on the CPU.
        train: what it learned from.
        val: what it is measured on.
        trained: how training went.
        changes: what was set otherwise while training went on.
        teacher: which bundle taught it; nothing else of that one goes into this.

    Raises:
        ParityBroken: the exported network does not compute what the trained one does.
        BundleError: what was written is not a bundle.
    """
    spec = settings.input_spec
    with whole_or_not_at_all(settings.out) as draft:
        model = draft / MODEL
        export(network, val.pixels, model)
        error = prove_parity(network, model, val.pixels)
        reference = open_reference(model, threads=settings.threads)
        task = task_of(settings.activation)
        measured = evaluation_of(task, reference, val, trained.calibration)
        write_golden(draft, golden_frames(settings.golden, val, spec), spec, reference.run)
        if measured.marks.confusion is not None:  # `extend` knows no labels that go together
            _remember(draft, reference, train)
        origin = provenance(settings, train, val, measured.marks, error, changes, teacher)
        subject = Subject(settings.model_name, settings.bundle_version, val.labels, spec, origin)
        write_report(draft, trained, measured)
        write_card(draft, subject, measured)
        write_page(draft, Contents(subject, trained, measured))
        bundle = write_bundle(
            draft,
            name=settings.model_name,
            version=settings.bundle_version,
            labels=val.labels,
            input_spec=spec,
            outputs=OutputSpec(settings.activation, EXTRA_OUTPUTS),
            provenance=origin,
        )
        check_model(bundle)
    return open_bundle(settings.out), measured


def _remember(draft: Path, reference: Reference, train: Pictures) -> None:
    chosen = spread_out(train.targets)
    embeddings = embed(reference, train.pixels[chosen])
    write_memory(draft, Memory(embeddings, train.targets[chosen]))
