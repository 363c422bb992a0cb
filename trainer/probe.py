"""A linear probe: only the dense layer learns, on features that the frozen backbone gives.

Pretrained features know more cameras than a few hundred photos can teach, and fine-tuning forgets
some of it first ("Fine-Tuning can Distort Pretrained Features", Kumar et al., 2022). So the dense
layer is learned before anything else moves.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch

from trainer.data.augment import Augmentation, augment
from trainer.data.batches import Batch, Batches
from trainer.dense_weights import put_dense
from trainer.logistic import Advice, Floats
from trainer.networks.pixels import TakesPixels
from trainer.progress import Bar
from trainer.tasks.task import Flags, Task
from trainer.teacher import Teacher

VIEWS = Augmentation(
    zoom=0.5, stretch=0.3, shift=0.15, rotate=0.1,
    brightness=0.4, contrast=0.4, saturation=0.7, erase=0.0,
)  # fmt: skip
"""Strong changes of place, scale and colour: what tells one camera from another."""


def views(batches: Batches, count: int, generator: torch.Generator) -> Iterator[Batch]:
    """Every picture as it is, as a mirror shows it, then `count` times changed."""
    yield from batches.in_order()
    for pixels, targets in batches.in_order():
        yield pixels.flip(2), targets
    for _ in range(count):
        for pixels, targets in batches.in_order():
            yield augment(pixels, VIEWS, generator), targets


def probe(
    task: Task,
    network: TakesPixels,
    batches: Iterable[Batch],
    pull: float,
    bar: Bar,
    teacher: Teacher | None = None,
) -> None:
    """Learn the dense layer of `network` on the embeddings of `batches`.

    Args:
        task: what the layer is to tell.
        network: with everything but its last layer as it is to stay.
        batches: pictures and their targets.
        pull: weight of the squared weights in the loss; more of it trusts single features less.
        bar: advances with the pictures.
        teacher: gives advice on each of them.
    """
    embeddings, shown, advice = _embedded(network, batches, bar, teacher)
    put_dense(network.network.dense, task.probe(embeddings, shown, pull, advice))


def _embedded(
    network: TakesPixels, batches: Iterable[Batch], bar: Bar, teacher: Teacher | None
) -> tuple[Floats, Flags, Advice | None]:
    """Embeddings [N, E] and what is shown [N, C]; with that, what the teacher says of the same."""
    network.eval()
    embeddings, shown, said = [], [], []
    with torch.inference_mode():
        for pixels, targets in batches:
            embeddings.append(network(pixels).embedding.cpu().numpy())
            shown.append(targets.cpu().numpy() > 0)
            if teacher is not None:
                said.append(teacher.logits(pixels).cpu().numpy())
            bar.advance(len(targets))
    advice = None if teacher is None else teacher.advice(np.concatenate(said))
    return np.concatenate(embeddings), np.concatenate(shown), advice
