"""Startup, readiness and liveness, as an orchestrator asks for them."""

from collections.abc import Callable
from dataclasses import dataclass, field

SILENT_SECONDS = 30.0
"""A thread that was not heard of for so long is taken to be stuck."""


@dataclass(slots=True)
class Health:
    """What the probes are answered from."""

    silent_for: Callable[[], dict[str, float]]
    phase: str = "starting"
    """What the service is doing, in words, until it runs."""
    building: str = ""
    """What becomes of an engine that is built while another serves; empty where none is."""
    started: bool = False
    ready: bool = False
    _reason: str = field(default="")

    def probe(self, name: str) -> tuple[bool, str]:
        """Answer `startup`, `ready` or `live`: whether, and a sentence.

        Raises:
            KeyError: there is no such probe.
        """
        return {"startup": self._startup, "ready": self._ready, "live": self._live}[name]()

    def _startup(self) -> tuple[bool, str]:
        return self.started, "; ".join(filter(None, (self.phase, self.building)))

    def _ready(self) -> tuple[bool, str]:
        return self.ready, self.phase

    def _live(self) -> tuple[bool, str]:
        stuck = [name for name, silent in self.silent_for().items() if silent > SILENT_SECONDS]
        if stuck:
            return False, f"no sign of life from {', '.join(stuck)} for {SILENT_SECONDS:g} s"
        return True, "alive"
