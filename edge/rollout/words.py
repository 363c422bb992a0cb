"""What is said of roll-outs on the topics `models` and `models.status`."""

from typing import Annotated, Literal, TypeAlias

import msgspec

ORDER_SCHEMA: Literal["yardlight.rollout/1"] = "yardlight.rollout/1"
STATUS_SCHEMA: Literal["yardlight.rollout-status/1"] = "yardlight.rollout-status/1"

State: TypeAlias = Literal[
    "fetching",
    "verifying",
    "building",
    "shadowing",
    "watching",
    "serving",
    "rolled-back",
    "failed",
]
Name: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Digest: TypeAlias = Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Ratio: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]


class BundlePlace(msgspec.Struct, frozen=True):
    """A bundle and where it lies."""

    uri: Annotated[str, msgspec.Meta(min_length=1)]
    digest: Digest


class ShadowPlan(msgspec.Struct, frozen=True):
    """How the candidate is tried beside the engine that serves."""

    frames: Count = 500
    """Live frames that it must be compared on; 0 puts it to work at once."""
    share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1
    """Share of the live frames that it is shown."""


class Bounds(msgspec.Struct, frozen=True):
    """What the candidate must keep to, in the shadow and while it is watched at work."""

    agreement: Share = 0.9
    """Least share of frames whose top label is that of the engine that serves."""
    latency_ratio: Ratio = 1.5
    """Most time for a batch, as a multiple of what the engine that serves needs for it."""
    errors: Share = 0.01
    """Largest share of frames that its engine fails on."""


class Desired(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record of the `models` topic, keyed by slot: the bundle that its nodes should run."""

    schema: Literal["yardlight.rollout/1"]
    slot: Name
    uri: Annotated[str, msgspec.Meta(min_length=1)]
    digest: Digest
    """The sha256 of the bundle's manifest, which covers every file of it."""
    generation: Annotated[int, msgspec.Meta(ge=1)]
    """Grows by one with each roll-out of the slot."""
    issued_at: str
    shadow: ShadowPlan = ShadowPlan()
    bounds: Bounds = Bounds()
    previous: BundlePlace | None = None
    """What was wanted before, for `rollout back`."""

    @property
    def place(self) -> BundlePlace:
        return BundlePlace(self.uri, self.digest)


class Figures(msgspec.Struct, frozen=True):
    """How the candidate compares with the engine that serves, or served before it."""

    frames: int = 0
    """Frames that were compared."""
    agreement: float | None = None
    """Share of them with the same top label; only the shadow tells."""
    latency_ratio: float | None = None
    """Time for a batch, as a multiple of the other's."""
    errors: int = 0
    """Frames that its engine failed on, beyond those of the other."""


class NodeStatus(msgspec.Struct, frozen=True):
    """A record of the `models.status` topic, keyed by slot/node: how far a node is."""

    schema: Literal["yardlight.rollout-status/1"]
    slot: Name
    node: Name
    generation: int
    """Of the roll-out that this is about; 0 before the first."""
    digest: str
    """Of the bundle that this is about."""
    state: State
    reason: str
    """Why it failed, was taken back or waits; empty where there is nothing to say."""
    serving: str
    """Digest of the bundle that classifies frames."""
    figures: Figures
    at: str

    @property
    def key(self) -> bytes:
        return f"{self.slot}/{self.node}".encode()


_ENCODER = msgspec.json.Encoder()
_DESIRED = msgspec.json.Decoder(Desired)
_STATUS = msgspec.json.Decoder(NodeStatus)


def write(said: Desired | NodeStatus) -> bytes:
    """The JSON value of a record."""
    return _ENCODER.encode(said)


def read_desired(value: bytes) -> Desired:
    """Parse a record of `models`.

    Raises:
        msgspec.MsgspecError: it is not one.
    """
    return _DESIRED.decode(value)


def read_status(value: bytes) -> NodeStatus:
    """Parse a record of `models.status`.

    Raises:
        msgspec.MsgspecError: it is not one.
    """
    return _STATUS.decode(value)
