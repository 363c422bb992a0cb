"""Whether this node takes part in roll-outs, and where fetched bundles lie."""

from dataclasses import dataclass, field
from pathlib import Path

from cyclopts import Parameter

from deploy.bundle import typed
from edge.setting_types import NodeName


@Parameter(name="*", group="Roll-out")
@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSettings:
    """Whether this node takes part in roll-outs, and where fetched bundles lie."""

    slot: NodeName | None = None
    """Slot whose roll-outs this node follows, such as `yard`; none if not given. What was rolled
    out last goes before `--bundle`, from the next start on too."""

    node: NodeName | None = None
    """Name of this node in the state of a roll-out: its own among those of the slot, and the same
    after a restart. The host's name if not given; each of several workers adds its number."""

    bundles_cache: typed.Folder = field(
        default_factory=lambda: Path.home() / ".cache/yardlight/bundles"
    )
    """Folder for bundles that are rolled out, and for what was rolled out last."""

    bundles_quota: typed.Positive = 4 << 30
    """Most bytes of bundles that are kept for a slot; older ones give way to a new one, the one
    that is served never does."""
