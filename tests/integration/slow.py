"""An engine that takes its time, in a service of this process."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import Outputs, Scores
from deploy.engines.protocol import Engine, Session
from edge import service
from edge.provision import Provision, provide_engine

Pause = Callable[[int], None]
"""Waits before a run; is told the frames of it."""


@dataclass
class _Session:
    session: Session
    pause: Pause

    def run(self, pixels: Pixels) -> Scores:
        self.pause(len(pixels))
        return self.session.run(pixels)

    def run_all(self, pixels: Pixels) -> Outputs:
        return self.session.run_all(pixels)


@dataclass
class _Engine:
    engine: Engine
    pause: Pause
    concurrency: int = 1

    def session(self) -> Session:
        return _Session(self.engine.session(), self.pause)

    def close(self) -> None:
        self.engine.close()


@contextmanager
def slow_engine(pause: Pause) -> Iterator[None]:
    """Services that start within `with` get one session, which pauses before each run."""

    def provide(*arguments: Any) -> Provision | None:
        found = provide_engine(*arguments)
        return found and replace(found, engine=_Engine(found.engine, pause))

    with patch.object(service, "provide_engine", provide):
        yield
