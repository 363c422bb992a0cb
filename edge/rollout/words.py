"""What is said of roll-outs on the topics `models` and `models.status`."""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from edge.naming import NAME
from edge.parsing import parse

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
_INSTANCE = "[A-Za-z0-9-]{0,64}"
Name: TypeAlias = Annotated[str, msgspec.Meta(pattern=f"^{NAME}$")]
_LAST_GENERATION = 2**53
"""What every reader of JSON keeps exactly."""
_LONGEST_ADDRESS = 4096
DIGEST = "sha256:[0-9a-f]{64}"
"""A regular expression for the whole of one."""
_DIGEST = f"^{DIGEST}$"
Digest: TypeAlias = Annotated[str, msgspec.Meta(pattern=_DIGEST)]


def _described(text: str, **limits: Any) -> msgspec.Meta:
    """What the page of the topics says of a field, and what it may hold."""
    return msgspec.Meta(description=text, **limits)


class BundlePlace(msgspec.Struct, frozen=True):
    """A bundle and where it lies."""

    uri: Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_ADDRESS)]
    digest: Digest


class ShadowPlan(msgspec.Struct, frozen=True):
    """How the candidate is tried beside the engine that serves."""

    frames: Annotated[
        int, _described("live frames to compare it on; 0 puts it to work at once", ge=0)
    ] = 500
    share: Annotated[float, _described("share of live frames that it is shown", gt=0, le=1)] = 0.1


class Bounds(msgspec.Struct, frozen=True):
    """What the candidate must keep to, in the shadow and while it is watched at work."""

    agreement: Annotated[
        float, _described("least share of frames with the label that is served", ge=0, le=1)
    ] = 0.9
    latency_ratio: Annotated[
        float, _described("most time for a batch, as a multiple of the other's", gt=0)
    ] = 1.5
    errors: Annotated[
        float, _described("largest share of frames that its engine fails on", ge=0, le=1)
    ] = 0.01


class Desired(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record of the `models` topic, keyed by slot: the bundle that its nodes should run."""

    schema: Literal["yardlight.rollout/1"]
    slot: Name
    uri: Annotated[
        str,
        _described(
            "folder of the bundle, as nodes reach it", min_length=1, max_length=_LONGEST_ADDRESS
        ),
    ]
    digest: Annotated[str, _described("sha256 of its manifest", pattern=_DIGEST)]
    generation: Annotated[
        int, _described("grows with each roll-out of the slot", ge=1, le=_LAST_GENERATION)
    ]
    issued_at: Annotated[str, _described("RFC 3339")]
    shadow: ShadowPlan = ShadowPlan()
    bounds: Bounds = Bounds()
    previous: BundlePlace | None = None
    """What was wanted before, for `rollout back`."""

    @property
    def place(self) -> BundlePlace:
        return BundlePlace(self.uri, self.digest)


class Figures(msgspec.Struct, frozen=True):
    """How the candidate compares with the engine that serves, or served before it."""

    frames: Annotated[int, _described("frames that were compared")] = 0
    agreement: Annotated[
        float | None, _described("share of them with the label that is served; the shadow tells")
    ] = None
    latency_ratio: Annotated[
        float | None, _described("time for a batch, as a multiple of the other's")
    ] = None
    errors: Annotated[int, _described("frames that its engine failed on, beyond the other's")] = 0


class NodeStatus(msgspec.Struct, frozen=True):
    """A record of the `models.status` topic, keyed by slot/node: how far a node is."""

    schema: Literal["yardlight.rollout-status/1"]
    slot: Name
    node: Name
    generation: Annotated[int, _described("the roll-out that this is about; 0 before the first")]
    digest: Annotated[str, _described("the bundle that this is about")]
    state: State
    reason: Annotated[str, _described("why it failed, was taken back, or waits")]
    serving: Annotated[str, _described("digest of the bundle that classifies frames")]
    figures: Figures
    at: Annotated[str, _described("RFC 3339")]
    instance: Annotated[
        str, _described("tells services of one name apart", pattern=f"^{_INSTANCE}$")
    ] = ""
    """Empty in records of versions that had none."""

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
    return parse(_DESIRED, value)


def read_status(value: bytes) -> NodeStatus:
    """Parse a record of `models.status`.

    Raises:
        msgspec.MsgspecError: it is not one.
    """
    return parse(_STATUS, value)
