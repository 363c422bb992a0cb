"""A plan's execution contexts on one stream: bound once, and asked for by size of batch."""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import InputSpec
from deploy.bundle.reference import INPUT, LOGITS, PROBABILITIES
from deploy.engines.gpu import graphs
from deploy.engines.gpu.device import Stream
from deploy.engines.gpu.graphs import Graph
from deploy.engines.gpu.jobs import COLOURS
from deploy.engines.nvidia_log import last_error

if TYPE_CHECKING:
    import tensorrt


@dataclass(slots=True)
class TensorRtNetwork:
    """For one lane. Sizes that are powers of two, and the largest, run as recorded graphs, each of
    a context of its own: a graph holds for the shapes that its context had.
    """

    engine: "tensorrt.ICudaEngine" = field(repr=False)
    context: "tensorrt.IExecutionContext" = field(repr=False)
    spec: InputSpec
    least_batch: int
    """Fewer frames are run with what lies behind them in memory; an accelerator takes full batches
    only."""
    max_batch: int
    addresses: dict[str, int] = field(default_factory=dict, repr=False)
    graphs: dict[int, Graph] = field(default_factory=dict, repr=False)
    contexts: list["tensorrt.IExecutionContext"] = field(default_factory=list, repr=False)
    """Of the graphs, which need them alive."""

    def bind(self, pixels: int, probabilities: int, logits: int) -> None:
        self.addresses = {INPUT: pixels, PROBABILITIES: probabilities, LOGITS: logits}
        _bind(self.context, self.addresses)

    def enqueue(self, count: int, stream: Stream) -> None:
        count = max(count, self.least_batch)
        graph = self.graphs.get(count)
        if graph is not None:
            graph.launch(stream)
        else:
            self._ask(self.context, count, stream)

    def record_graphs(self, stream: Stream) -> None:
        """Record the usual sizes, after a run of each; none where `cuda.bindings` is missing."""
        if not graphs.available():
            return
        for count in _usual(self.least_batch, self.max_batch):
            context = self.engine.create_execution_context()
            if context is None:
                return  # short of memory: the other sizes are asked for step by step
            _bind(context, self.addresses)
            self._ask(context, count, stream)
            stream.synchronize()
            self.contexts.append(context)
            self.graphs[count] = graphs.record(stream, partial(_execute, context, stream))

    def close(self) -> None:
        for graph in self.graphs.values():
            graph.close()
        self.graphs.clear()
        self.contexts.clear()

    def _ask(self, context: "tensorrt.IExecutionContext", count: int, stream: Stream) -> None:
        shape = (count, self.spec.height, self.spec.width, COLOURS)
        if not context.set_input_shape(INPUT, shape):
            raise ValueError(f"the engine takes no batch of {count} frames")
        _execute(context, stream)


def open_network(
    engine: "tensorrt.ICudaEngine", spec: InputSpec, least_batch: int, max_batch: int
) -> TensorRtNetwork:
    """An execution context of its own.

    Raises:
        Fatal: the GPU has no room for it.
    """
    context = engine.create_execution_context()
    if context is None:
        raise Fatal(
            f"the GPU has no room for another execution context ({last_error()}): build the engine "
            "with a smaller --max-batch, or end what else uses the GPU"
        )
    return TensorRtNetwork(engine, context, spec, least_batch, max_batch)


def _bind(context: "tensorrt.IExecutionContext", addresses: dict[str, int]) -> None:
    for name, address in addresses.items():
        if not context.set_tensor_address(name, address):
            raise Fatal(f"the engine has no tensor {name}: build it again from the bundle")


def _execute(context: "tensorrt.IExecutionContext", stream: Stream) -> None:
    if not context.execute_async_v3(stream.handle):
        raise Fatal(
            f"the GPU did not take the batch: {last_error() or 'TensorRT does not say why'}"
        )


def _usual(least: int, most: int) -> list[int]:
    """The sizes that are recorded."""
    powers = (1 << bits for bits in range(most.bit_length()))
    return sorted({*(size for size in powers if size >= least), most})
