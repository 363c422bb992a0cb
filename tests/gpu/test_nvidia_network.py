"""A plan's execution contexts, over a stand-in for TensorRT: shapes, graphs, and what it says."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import InputSpec
from deploy.engines import nvidia_log
from deploy.engines.gpu import graphs
from deploy.engines.nvidia_network import TensorRtNetwork, open_network

SPEC = InputSpec(32, 24)


@dataclass
class Context:
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    bound: dict[str, int] = field(default_factory=dict)
    runs: int = 0
    takes: bool = True

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.bound[name] = address
        return name != "logits" or self.takes

    def set_input_shape(self, _: str, shape: tuple[int, ...]) -> bool:
        self.shapes.append(shape)
        return shape[0] <= 6

    def execute_async_v3(self, handle: int) -> bool:
        assert handle == 7
        self.runs += 1
        return self.takes


@dataclass
class Engine:
    room: int = 99
    """Contexts that fit."""
    made: list[Context] = field(default_factory=list)

    def create_execution_context(self) -> Context | None:
        if len(self.made) == self.room:
            return None
        self.made.append(Context())
        return self.made[-1]


@dataclass
class Stream:
    handle: int = 7
    waits: int = 0

    def synchronize(self) -> None:
        self.waits += 1

    def close(self) -> None:
        """It was never taken."""


@dataclass
class Recorded:
    launches: int = 0
    closed: bool = False

    def launch(self, _: Any) -> None:
        self.launches += 1

    def close(self) -> None:
        self.closed = True


def network(engine: Engine, max_batch: int = 6, least_batch: int = 1) -> TensorRtNetwork:
    made = open_network(engine, SPEC, least_batch, max_batch)
    made.bind(1, 2, 3)
    return made


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> list[Recorded]:
    """`cuda.bindings` records whatever is asked."""
    made: list[Recorded] = []

    def record(_: Any, ask: Any) -> Recorded:
        ask()
        made.append(Recorded())
        return made[-1]

    monkeypatch.setattr(graphs, "available", lambda: True)
    monkeypatch.setattr(graphs, "record", record)
    return made


def test_an_accelerator_is_asked_for_full_batches_only(recording: list[Recorded]) -> None:
    engine = Engine()
    filled = network(engine, max_batch=6, least_batch=6)
    filled.enqueue(2, Stream())
    assert engine.made[0].shapes == [(6, 24, 32, 3)]
    filled.record_graphs(Stream())
    filled.enqueue(2, Stream())
    assert [graph.launches for graph in recording] == [1]


def test_a_batch_is_asked_for_by_its_shape_on_the_lanes_stream() -> None:
    engine = Engine()
    network(engine).enqueue(3, Stream())
    assert engine.made[0].bound == {"pixels": 1, "probabilities": 2, "logits": 3}
    assert (engine.made[0].shapes, engine.made[0].runs) == ([(3, 24, 32, 3)], 1)


def test_a_batch_beyond_the_profile_is_refused() -> None:
    with pytest.raises(ValueError, match="the engine takes no batch of 7 frames"):
        network(Engine()).enqueue(7, Stream())


def test_usual_sizes_are_recorded_after_a_run_and_each_has_its_context(
    recording: list[Recorded],
) -> None:
    engine, stream = Engine(), Stream()
    made = network(engine)
    made.record_graphs(stream)
    assert sorted(made.graphs) == [1, 2, 4, 6]
    assert [context.shapes[0][0] for context in engine.made[1:]] == [1, 2, 4, 6]
    assert stream.waits == 4
    for count in (4, 3, 4):
        made.enqueue(count, stream)
    assert (recording[2].launches, engine.made[0].runs) == (2, 1)
    made.close()
    assert all(each.closed for each in recording)


def test_where_memory_is_short_fewer_sizes_are_recorded(recording: list[Recorded]) -> None:
    made = network(Engine(room=3))
    made.record_graphs(Stream())
    assert sorted(made.graphs) == [1, 2]
    assert len(recording) == 2


def test_without_cuda_bindings_every_batch_is_asked_for_step_by_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(graphs, "available", lambda: False)
    made = network(Engine())
    made.record_graphs(Stream())
    assert made.graphs == {}


def test_what_tensorrt_says_is_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    made = network(engine)
    engine.made[0].takes = False
    monkeypatch.setattr(nvidia_log._listener, "errors", ["Cuda Runtime (an illegal address)"])
    with pytest.raises(Fatal, match=r"did not take the batch: Cuda Runtime \(an illegal address\)"):
        made.enqueue(1, Stream())
    with pytest.raises(Fatal, match="the engine has no tensor logits"):
        made.bind(1, 2, 3)


def test_a_gpu_without_room_for_a_context_is_one_sentence() -> None:
    with pytest.raises(Fatal, match=r"no room for another execution context .*--max-batch"):
        network(Engine(room=0))
