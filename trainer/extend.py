"""`extend`: a few photos teach a bundle a new label, or its own labels at a new camera.

Only the dense layer learns, on the embeddings that the bundle's own network gives; what it knew is
kept by the features that it remembers of its old pictures. Neither torch nor a GPU is needed.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from deploy.bundle.destination import prepare, whole_or_not_at_all
from deploy.bundle.errors import BundleError
from deploy.bundle.golden import read_golden, write_golden
from deploy.bundle.manifest import MODEL, Bundle, open_bundle, write_bundle
from deploy.bundle.reference import check_model, open_reference
from trainer.data.digest import data_digest
from trainer.data.layout import Split
from trainer.data.pictures import Pictures, Watch, read_pictures
from trainer.dense_layer import read_dense, write_dense
from trainer.extend_settings import ExtendSettings
from trainer.few_shot import Lesson, learn, right_when_unseen
from trainer.intake import old_split, photos_of
from trainer.logistic import Dense
from trainer.memory import EMBEDDING, Memory, embed, read_memory, spread_out, write_memory
from trainer.outcome import Outcome, Share, write_outcome
from trainer.parity import insist_on_parity


def extend(settings: ExtendSettings, watch: Watch) -> tuple[Bundle, Outcome]:
    """Write the bundle `settings.out`: `settings.bundle`, and what its photos teach.

    Raises:
        DataError: the photos cannot be learned from.
        BundleError: the bundle cannot be extended, or not written.
        ParityBroken: what was written does not answer as what was learned.
    """
    prepare(settings.out, overwrite=settings.overwrite)
    bundle = open_bundle(settings.bundle)
    dense = _dense_of(bundle)
    split = photos_of(settings)
    known = bundle.manifest.labels
    labels = (*known, *(label for label in split.files if label not in known))

    # What there is to learn from: photos and their mirror images, beside what is remembered.
    photos = _read(split, labels, bundle, settings, watch)
    reference = open_reference(bundle.model, threads=settings.threads)
    fresh = Memory(embed(reference, photos.pixels), photos.targets)
    mirrored = embed(reference, np.ascontiguousarray(photos.pixels[:, :, ::-1]))
    old = _old_pictures(bundle, settings, watch)
    memory = read_memory(bundle) or old
    if memory is None:
        raise BundleError(
            f"{bundle.folder} remembers nothing of its old labels' pictures: give --old-data with "
            "a folder of each"
        )

    # Learned, and compared with what it was: on photos that were left out, and on old pictures.
    lesson = Lesson(dense, len(labels), memory, fresh, mirrored)
    learned = learn(lesson)
    outcome = Outcome(
        labels=labels,
        added=labels[len(known) :],
        photos=photos.counts,
        unseen=Share(right_when_unseen(lesson), len(fresh)),
        before=_right(dense, old or memory),
        after=_right(learned, old or memory),
        measured_on="--old-data" if old is not None else "remembered pictures",
    )
    return _write(settings, bundle, learned, photos, memory.joined(fresh), outcome), outcome


def _write(
    settings: ExtendSettings,
    bundle: Bundle,
    learned: Dense,
    photos: Pictures,
    memory: Memory,
    outcome: Outcome,
) -> Bundle:
    manifest, frames = bundle.manifest, read_golden(bundle).frames
    with whole_or_not_at_all(settings.out) as draft:
        write_dense(bundle.model, learned, draft / MODEL)
        written = open_reference(draft / MODEL, threads=settings.threads)
        wanted = learned.logits(embed(written, photos.pixels))
        error = insist_on_parity(wanted, written.run(photos.pixels).logits)
        write_golden(draft, frames, manifest.input, written.run)
        kept = spread_out(memory.targets)
        write_memory(draft, Memory(memory.features[kept], memory.targets[kept]))
        write_outcome(draft, outcome)
        made = write_bundle(
            draft,
            name=manifest.name,
            version=settings.bundle_version or _next(manifest.version),
            labels=outcome.labels,
            input_spec=manifest.input,
            outputs=manifest.outputs,
            provenance=_provenance(bundle, photos, outcome, error),
        )
        check_model(made)
    return open_bundle(settings.out)


def _provenance(
    bundle: Bundle, photos: Pictures, outcome: Outcome, error: float
) -> Mapping[str, Any]:
    return {
        "made_by": "yardlight-train extend",
        "from": {"version": bundle.manifest.version, "digest": bundle.digest},
        "data": {"digest": data_digest(photos.folder, photos), "photos": photos.counts},
        "measured": {**asdict(outcome), "export_error": error},
        "before": dict(bundle.manifest.provenance),
    }


def _dense_of(bundle: Bundle) -> Dense:
    outputs = bundle.manifest.outputs
    if outputs.activation != "softmax":
        raise BundleError(
            f"the labels of {bundle.folder} do not exclude each other, so extend cannot add to "
            "them: add the photos to its data set, and run fit --multi-label again"
        )
    if EMBEDDING not in outputs.extra:
        raise BundleError(
            f"{bundle.folder} gives no {EMBEDDING}: only bundles that yardlight-train made can be "
            "extended"
        )
    return read_dense(bundle.model)


def _old_pictures(bundle: Bundle, settings: ExtendSettings, watch: Watch) -> Memory | None:
    """Features of the pictures under `--old-data`."""
    if settings.old_data is None:
        return None
    known = bundle.manifest.labels
    old = _read(old_split(settings.old_data, known), known, bundle, settings, watch)
    reference = open_reference(bundle.model, threads=settings.threads)
    return Memory(embed(reference, old.pixels), old.targets)


def _read(
    split: Split, labels: tuple[str, ...], bundle: Bundle, settings: ExtendSettings, watch: Watch
) -> Pictures:
    files = {label: split.files.get(label, ()) for label in labels}
    spec = bundle.manifest.input
    return read_pictures(Split(split.folder, files), labels, spec, settings.threads, watch)


def _right(dense: Dense, pictures: Memory) -> Share:
    called = dense.logits(pictures.features).argmax(1)
    return Share(int((called == pictures.targets).sum()), len(pictures))


def _next(version: str) -> str:
    """The version after: 2 after 1, and 2026-11.extended after 2026-11."""
    return str(int(version) + 1) if version.isdecimal() else f"{version}.extended"
