"""A teacher: a bundle from whose answers, and not from labels alone, another network learns.

How sure a network is, and what else it thinks of, tells more of a picture than its label. Source:
"Distilling the Knowledge in a Neural Network" (Hinton et al., 2015). It is asked about each picture
as the pupil sees it, changed and mixed: "Knowledge distillation: A good teacher is patient and
consistent" (Beyer et al., 2022). It runs in ONNX Runtime, whatever it was trained with.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from deploy.bundle.manifest import Activation, Bundle, InputSpec, open_bundle
from deploy.bundle.reference import Reference, check_model, open_reference
from trainer.data.batches import Batch
from trainer.errors import WrongTeacher
from trainer.logistic import Advice, Floats
from trainer.settings import FitSettings
from trainer.tasks.known import task_of
from trainer.tasks.objective import objective_of

_OTHER_TASK: Mapping[Activation, str] = {
    "softmax": "--teacher {} gives each label a probability of its own: it cannot teach labels "
    "that exclude each other",
    "sigmoid": "--teacher {} has labels that exclude each other: only a bundle of fit "
    "--multi-label can teach one",
}


@dataclass(frozen=True, slots=True)
class Teacher:
    bundle: Bundle
    reference: Reference
    order: tuple[int, ...]
    """Where each of the pupil's labels stands among the teacher's."""
    temperature: float
    share: float
    """What its answers count in the loss."""

    @property
    def origin(self) -> Mapping[str, str]:
        """Who it is, for the provenance of what it taught."""
        manifest = self.bundle.manifest
        return {"name": manifest.name, "version": manifest.version, "digest": self.bundle.digest}

    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        """What it says of uint8 [N, H, W, 3]: float32 [N, C] on the same device, in the order of
        the pupil's labels.
        """
        seen = _scaled(pixels, self.bundle.manifest.input).cpu().numpy()
        said = self.reference.run(np.ascontiguousarray(seen)).logits[:, list(self.order)]
        return torch.from_numpy(said).to(pixels.device)

    def taught(
        self, loss: torch.Tensor, logits: torch.Tensor, pixels: torch.Tensor
    ) -> torch.Tensor:
        """The loss of the labels and that of the distance from the teacher, each with its share.

        Args:
            loss: mean loss of the labels.
            logits: the pupil's, float32 [N, C].
            pixels: what it saw, uint8 [N, H, W, 3].
        """
        said = self.logits(pixels) / self.temperature
        objective = objective_of(self.bundle.manifest.outputs.activation)
        distance = objective.distance(logits / self.temperature, said)
        # Softened answers have gradients that are smaller by the square of the temperature.
        return torch.lerp(loss, self.temperature**2 * distance, self.share)

    def advice(self, said: Floats) -> Advice:
        """The same for a dense layer alone, of logits [N, C]."""
        task = task_of(self.bundle.manifest.outputs.activation)
        softened = task.link(said / np.float32(self.temperature))
        return Advice(softened, self.temperature, self.share)

    def right(self, batches: Iterable[Batch]) -> int:
        """How many pictures it calls by their labels, all of them."""
        objective = objective_of(self.bundle.manifest.outputs.activation)
        return sum(objective.right(self.logits(pixels), targets) for pixels, targets in batches)


def open_teacher(settings: FitSettings, labels: tuple[str, ...], threads: int) -> Teacher | None:
    """The bundle `settings.teacher`, ready to be asked by a pupil of these labels.

    Raises:
        WrongTeacher: it is no bundle, has other labels, or sees other pictures.
        BundleError: its files are not what its manifest says.
    """
    folder = settings.teacher
    if folder is None:
        return None
    if folder.is_file():
        raise WrongTeacher(_make_one_of(folder))
    bundle = open_bundle(folder)
    check_model(bundle)
    _insist(bundle, labels, settings)
    order = tuple(bundle.manifest.labels.index(label) for label in labels)
    reference = open_reference(bundle.model, threads=threads)
    return Teacher(bundle, reference, order, settings.teacher_temperature, settings.teacher_share)


def _make_one_of(file: Path) -> str:
    return (
        f"--teacher {file} is a file: a teacher is a bundle, which knows your labels. Make one of "
        f"weights with yardlight-train fit --backbone NAME --weights {file} --out teacher"
    )


def _insist(bundle: Bundle, labels: tuple[str, ...], settings: FitSettings) -> None:
    manifest = bundle.manifest
    if manifest.outputs.activation != settings.activation:
        raise WrongTeacher(_OTHER_TASK[settings.activation].format(bundle.folder))
    if set(manifest.labels) != set(labels):
        raise WrongTeacher(
            f"--teacher {bundle.folder} knows {', '.join(manifest.labels)}; the pictures are of "
            f"{', '.join(labels)}: a teacher has the same labels, in any order"
        )
    if manifest.input.resize != settings.resize:
        raise WrongTeacher(
            f"--teacher {bundle.folder} sees frames with --resize {manifest.input.resize}, not "
            f"{settings.resize}: both have to see the same"
        )


def _scaled(pixels: torch.Tensor, spec: InputSpec) -> torch.Tensor:
    """Pixels [N, H, W, 3] at the size that the teacher takes."""
    size = (spec.height, spec.width)
    if tuple(pixels.shape[1:3]) == size:
        return pixels
    planes = pixels.permute(0, 3, 1, 2).float()
    planes = functional.interpolate(planes, size, mode="bilinear", antialias=True)
    return planes.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
