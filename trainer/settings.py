"""Every setting of `fit`, with its default and what it does; the help page is made from this."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter
from cyclopts.validators import Number

from deploy.bundle.manifest import Activation, InputSpec, Resize

PLAIN = "plain"
NOTHING = "nothing"
"""The folder, or label, of pictures that were looked through and show none of the labels."""
Optimiser: TypeAlias = Literal["adamw", "sgd"]
Variant: TypeAlias = Literal["timm", "tensorflow"]
GoldenSource: TypeAlias = Literal["photos", "drawn"]
_PLAIN_SIZE, _BACKBONE_SIZE = 128, 224
_EPOCHS, _TUNING_EPOCHS = 20, 0
_RATE, _LOW_RATE = 2e-3, 1e-4
_Flag = Parameter(negative=())
_Positive = Parameter(validator=Number(gt=0))
_NotNegative = Parameter(validator=Number(gte=0))
_Share = Parameter(validator=Number(gte=0, lte=1))


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings:
    data: Path
    """Folder with the pictures: train/LABEL/* and val/LABEL/* (JPEG, PNG or WebP)."""

    out: Path
    """Folder of the bundle to write. It must not exist, unless --overwrite."""

    overwrite: Annotated[bool, _Flag] = False
    """Replace the bundle at --out, and what an interrupted run left."""

    labels: str | None = None
    """Order of the labels, as in vehicle,pedestrian,parcel. Alphabetical unless given."""

    multi_label: Annotated[bool, _Flag] = False
    """A frame may show several labels, or none: each gets a probability of its own. What a picture
    shows is in the annotation beside it, PICTURE.json, as ingest writes it; else its folder."""

    nothing: str = NOTHING
    """With --multi-label: the label of pictures that says that none of the others is there, such as
    background. It becomes no label of the bundle."""

    name: str | None = None
    """Name of the model in the bundle. The name of the --out folder unless given."""

    bundle_version: str = "1"
    """Version of the model in the bundle."""

    size: Annotated[int | None, Parameter(validator=Number(gte=32, lte=8192))] = None
    """Width and height of the network's input, in pixels. 128 for plain, else 224, unless given."""

    resize: Resize = "squash"
    """How a frame of another aspect becomes a square: scaled freely, cut, or padded with grey."""

    backbone: str = PLAIN
    """The network: plain is a small CNN that is quick on a CPU; else a name that timm has, such as
    mobilenetv2_100, resnet18, vgg16 or convnext_atto."""

    weights: Path | None = None
    """File with the backbone's pretrained weights (.safetensors or .pth); every tensor must fit."""

    variant: Variant | None = None
    """Dialect of the weights: timm's own, or tensorflow (pad_type same, pixels from -1 to 1).
    Unless given, the one in which the file's own classifier is surest of the pictures."""

    teacher: Path | None = None
    """A bundle with the same labels whose answers are learned, beside the labels: a larger network
    that is too slow where this one is to run. It sees each picture as this network does."""

    teacher_share: Annotated[float, Parameter(validator=Number(gt=0, lte=1))] = 0.7
    """With --teacher: what its answers count in the loss; the labels have the rest."""

    teacher_temperature: Annotated[float, Parameter(validator=Number(gte=1))] = 2.0
    """With --teacher: by how much its answers are softened, so that what it thinks less likely
    counts too; 1 takes them as they are."""

    views: Annotated[int, _NotNegative] = 0
    """With --weights: how many changed views of each picture the dense layer learns from, beside
    the picture and its mirror image."""

    probe_pull: Annotated[float, _NotNegative] = 0.3
    """With --weights: how strongly the dense layer's weights are pulled towards zero."""

    tuned_share: Annotated[float, _Share] = 0.5
    """With --weights: 0 keeps the backbone as it came, 1 as it was fine-tuned, 0.5 lies between."""

    tether: Annotated[float, _NotNegative] = 0.01
    """With --weights: how strongly fine-tuning holds the backbone to where it began."""

    epochs: Annotated[int | None, _NotNegative] = None
    """How often every picture is seen: 20, or with --weights 0: the backbone stays as it is."""

    patience: Annotated[int, _NotNegative] = 8
    """Stop after so many epochs without a better validation accuracy; 0 never stops early. With
    --multi-label, a picture is right if every label is."""

    batch: Annotated[int, Parameter(validator=Number(gte=2))] = 64
    """Pictures in one step."""

    optimiser: Optimiser = "adamw"
    """How a gradient becomes a step; sgd with Nesterov's momentum 0.9."""

    lr: Annotated[float | None, _Positive] = None
    """Highest learning rate, reached after a warm-up, then lowered to zero along a cosine: 0.002,
    or 0.0001 with --weights, and for networks without normalisation, such as vgg16."""

    weight_decay: Annotated[float, _NotNegative] = 0.05
    """The optimiser's pull of the weights towards zero."""

    label_smoothing: Annotated[float, Parameter(validator=Number(gte=0, lt=1))] = 0.05
    """Share of certainty that the loss gives to the other labels, or to the opposite answer."""

    balanced: bool = False
    """Every label counts the same, however many pictures it has; with --multi-label, so do
    pictures with and without it. So it is in the probe, always."""

    mixup: Annotated[float, _Share] = 0.0
    """Share of the batches in which each picture is blended with another one."""

    cutmix: Annotated[float, _Share] = 0.0
    """Share of the batches in which a rectangle of each picture comes from another one."""

    ema: Annotated[float, Parameter(validator=Number(gte=0, lt=1))] = 0.0
    """Keep a moving average of the weights: so much of it stays at each step; 0 keeps none."""

    amp: Annotated[bool, _Flag] = False
    """Compute in half precision where that is harmless (bfloat16 or float16): faster on a GPU."""

    compile: Annotated[bool, _Flag] = False
    """Have torch compile the network: pays on a GPU, and takes a minute; needs a C compiler."""

    cache: Path | None = None
    """Folder for pictures as they were decoded: the next run over the same photos decodes none of
    them. It holds people's pictures, so only its owner may read it."""

    resume: Annotated[bool, _Flag] = False
    """Go on from the checkpoint of a run that was interrupted, as if it never had been; begin where
    there is none."""

    checkpoint_minutes: Annotated[float, _NotNegative] = 10.0
    """A checkpoint is written after each epoch, and within one when so much time has passed."""

    run: Path | None = None
    """Folder for the checkpoint, and at the end for the report with pictures; OUT-run beside the
    bundle unless given."""

    pictures: bool = True
    """The report shows validation photos: the worst mistakes, and what was looked at. It lies in
    --run, for your eyes only; none of its pictures goes into the bundle."""

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
    def activation(self) -> Activation:
        return "sigmoid" if self.multi_label else "softmax"

    @property
    def input_spec(self) -> InputSpec:
        size = self.size or (_PLAIN_SIZE if self.backbone == PLAIN else _BACKBONE_SIZE)
        return InputSpec(size, size, self.resize)

    @property
    def rounds(self) -> int:
        """Epochs."""
        default = _EPOCHS if self.weights is None else _TUNING_EPOCHS
        return default if self.epochs is None else self.epochs

    def highest_rate(self, *, normalised: bool) -> float:
        """Of a network that has layers which normalise, or has none."""
        may_be_high = normalised and self.weights is None
        return self.lr or (_RATE if may_be_high else _LOW_RATE)

    @property
    def run_folder(self) -> Path:
        out = self.out.resolve()
        return self.run or out.with_name(f"{out.name}-run")

    @property
    def model_name(self) -> str:
        return self.name or self.out.resolve().name
