"""Which compiled engine runs the bundle."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from cyclopts import Parameter

from deploy.bundle import typed
from deploy.engines.kinds import DEFAULT_MAX_BATCH, Choice, Precision

Rebuild: TypeAlias = Literal["background", "wait", "never"]


@Parameter(name="*", group="Model")
@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Which compiled engine runs the bundle."""

    engine: Choice = "auto"
    """Engine to run; `auto` takes the best that this machine has and says why."""

    precision: Precision = "fp32"
    """Arithmetic of the engine."""

    max_batch: typed.BatchSize = DEFAULT_MAX_BATCH
    """Most frames in one run of the engine."""

    engine_cache: typed.Folder = field(
        default_factory=lambda: Path.home() / ".cache/yardlight/engines"
    )
    """Folder for engines that are built on this machine."""

    build: bool = True
    """Build a missing engine; `--no-build` is the same as `--engine-rebuild never`."""

    engine_rebuild: Rebuild = "background"
    """What happens where no engine fits: `background` builds one while the best that does fit
    serves, `wait` builds it before anything is served, `never` refuses to start."""

    trust: typed.Files = ()
    """Public keys, of which one must have signed the bundle and every engine that came with it;
    several by commas, or given again and again. Without any, nobody's signature is asked for."""

    accept_unproven_engine: bool = False
    """Run an engine whose certificate failed or was edited: its answers may differ from those of
    the model."""

    @property
    def may_build(self) -> bool:
        return self.build and self.engine_rebuild != "never"
