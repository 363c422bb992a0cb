"""The state of a node, as it is told to everybody: a record of `models.status`, and metrics."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.cloudevents import format_time
from edge.kafka.producer import RecordSink
from edge.observe.logs import get_logger
from edge.observe.rollout_metrics import RolloutMetrics
from edge.record import Message
from edge.rollout.node import Node
from edge.rollout.roster import HEARTBEAT_SECONDS
from edge.rollout.words import STATUS_SCHEMA, Figures, NodeStatus, write

_log = get_logger("rollout")


@dataclass(slots=True)
class Telling:
    """Used by one thread. A broker that is away keeps nobody waiting: the newest state is told
    again until one has it.
    """

    topic: str
    slot: str
    name: str
    instance: str
    """Of this process."""
    sink: RecordSink
    metrics: RolloutMetrics
    serving: Callable[[], str]
    """Digest of the bundle at work."""
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    _due: float = 0.0
    _open: bool = False
    _said: tuple[object, ...] = ()
    _figures: Figures = field(default_factory=Figures)

    def tell(self, node: Node, figures: Figures | None = None) -> None:
        """Say where the node is; the same is not said twice in a while."""
        self._figures = Figures() if figures is None else figures
        said = (node.mark, node.state, node.reason)
        self.metrics.note(node.state, node.mark.generation, node.memory.serving.generation)
        if said != self._said:
            _log.info(
                "roll-out",
                state=node.state,
                generation=node.mark.generation,
                digest=node.mark.digest,
                reason=node.reason,
                frames=self._figures.frames,
            )
            self._said, self._due = said, 0.0
        self.again(node)

    def again(self, node: Node) -> None:
        """Say it once more, where that is due."""
        if self.clock() < self._due:
            return
        self._due = self.clock() + HEARTBEAT_SECONDS
        status = self._status(node)
        try:
            if not self._open:
                self.sink.open()
                self._open = True
            self.sink.send(Message(self.topic, status.key, write(status)), self._answered)
        except Exception as error:  # noqa: BLE001 - no trouble of a client's ends the service
            self._answered(error)

    def close(self) -> None:
        if self._open:
            self.sink.close()

    def _answered(self, error: BaseException | None) -> None:
        if error is not None:
            _log.warning("the state of the roll-out was not told, trying again", error=str(error))
            self._due = self.clock() + 1.0

    def _status(self, node: Node) -> NodeStatus:
        return NodeStatus(
            schema=STATUS_SCHEMA,
            slot=self.slot,
            node=self.name,
            generation=node.mark.generation,
            digest=node.mark.digest or self.serving(),
            state=node.state,
            reason=node.reason,
            serving=self.serving(),
            figures=self._figures,
            at=format_time(self.wall()),
            instance=self.instance,
        )
