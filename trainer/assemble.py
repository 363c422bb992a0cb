"""A trained network becomes a bundle: exported, proven equal, measured, sealed."""

from collections.abc import Sequence

from torch import nn

from deploy.bundle.destination import whole_or_not_at_all
from deploy.bundle.golden import write_golden
from deploy.bundle.manifest import MODEL, Bundle, OutputSpec, open_bundle, write_bundle
from deploy.bundle.reference import check_model, open_reference
from trainer.best import Best
from trainer.curve import Epoch
from trainer.data.pictures import Pictures
from trainer.evaluate import confusion_of
from trainer.export import EXTRA_OUTPUTS, export, prove_parity
from trainer.golden import golden_frames
from trainer.memory import Memory, embed, spread_out, write_memory
from trainer.metrics import Confusion
from trainer.provenance import provenance
from trainer.report import write_report
from trainer.settings import FitSettings


def assemble(
    settings: FitSettings,
    network: nn.Module,
    train: Pictures,
    val: Pictures,
    curve: Sequence[Epoch],
    best: Best,
) -> tuple[Bundle, Confusion]:
    """Write the bundle `settings.out` and say what the exported network gets right in it.

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
        measured = confusion_of(reference, val)
        write_golden(draft, golden_frames(settings.golden, val, spec), spec, reference.run)
        chosen = spread_out(train.targets)
        embeddings = embed(reference, train.pixels[chosen])
        write_memory(draft, Memory(embeddings, train.targets[chosen]))
        write_report(draft, curve, best.epoch, measured)
        bundle = write_bundle(
            draft,
            name=settings.model_name,
            version=settings.bundle_version,
            labels=val.labels,
            input_spec=spec,
            outputs=OutputSpec("softmax", EXTRA_OUTPUTS),
            provenance=provenance(settings, train, val, measured, error),
        )
        check_model(bundle)
    return open_bundle(settings.out), measured
