"""Every setting of `fit`, with its default and what it does; the help page is made from this."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter
from cyclopts.validators import Number

from deploy.bundle.manifest import InputSpec, Resize

Backbone: TypeAlias = Literal["plain"]
GoldenSource: TypeAlias = Literal["photos", "drawn"]
_Positive = Parameter(validator=Number(gt=0))
_NotNegative = Parameter(validator=Number(gte=0))


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings:
    data: Path
    """Folder with the pictures: train/LABEL/* and val/LABEL/* (JPEG, PNG or WebP)."""

    out: Path
    """Folder of the bundle to write. It must not exist, unless --overwrite."""

    overwrite: Annotated[bool, Parameter(negative=())] = False
    """Replace the bundle at --out."""

    labels: str | None = None
    """Order of the labels, as in vehicle,pedestrian,parcel. Alphabetical unless given."""

    name: str | None = None
    """Name of the model in the bundle. The name of the --out folder unless given."""

    bundle_version: str = "1"
    """Version of the model in the bundle."""

    size: Annotated[int, Parameter(validator=Number(gte=32, lte=8192))] = 128
    """Width and height of the network's input, in pixels."""

    resize: Resize = "squash"
    """How a frame of another aspect becomes a square: scaled freely, cut, or padded with grey."""

    backbone: Backbone = "plain"
    """The network: plain is a small CNN that is quick on a CPU."""

    epochs: Annotated[int, _Positive] = 20
    """How often every picture is seen."""

    patience: Annotated[int, _NotNegative] = 8
    """Stop after so many epochs without a better validation accuracy; 0 never stops early."""

    batch: Annotated[int, Parameter(validator=Number(gte=2))] = 64
    """Pictures in one step."""

    lr: Annotated[float, _Positive] = 2e-3
    """Highest learning rate: reached after a warm-up, then lowered to zero along a cosine."""

    weight_decay: Annotated[float, _NotNegative] = 0.05
    """AdamW's pull of the weights towards zero."""

    label_smoothing: Annotated[float, Parameter(validator=Number(gte=0, lt=1))] = 0.05
    """Share of certainty that the loss gives to the other labels."""

    golden: GoldenSource = "photos"
    """Golden frames of the bundle: validation photos, or drawn where photos are private."""

    seed: int = 0
    """Same seed, data, settings, versions and threads: same bundle, to the byte (on a CPU)."""

    threads: Annotated[int, _NotNegative] = 0
    """CPU threads to decode and train with; 0 takes every core."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train; auto takes the GPU that torch can use, else the CPU."""

    @property
    def label_order(self) -> tuple[str, ...]:
        return tuple(label.strip() for label in (self.labels or "").split(",") if label.strip())

    @property
    def input_spec(self) -> InputSpec:
        return InputSpec(self.size, self.size, self.resize)

    @property
    def model_name(self) -> str:
        return self.name or self.out.resolve().name
