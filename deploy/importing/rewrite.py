"""The bundle's graph: pixels → float32 → normalise → transpose → network → logits, probabilities.

Every name of the network gets a prefix, so that none can clash with the bundle's own.
"""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from deploy.bundle.manifest import Activation
from deploy.bundle.reference import INPUT, LOGITS, PROBABILITIES
from deploy.importing.intake import Intake
from deploy.importing.prune import keep_what_is_needed
from deploy.importing.rename import prefix_names
from deploy.importing.scores import ScoresPlan
from deploy.importing.spec import ImportSpec

_PREFIX = "network/"
_OURS = "yardlight/"
# Graphs of an older format list each weight as an input too.
_OLDEST_FORMAT = 4
# Keeps the logarithm of a probability of 0 finite.
_EPSILON = np.array(1e-12, np.float32)
_ONE = np.array(1, np.float32)


def rewrite(model: Any, spec: ImportSpec, intake: Intake, plan: ScoresPlan) -> Any:
    """Build the bundle's model around the imported network.

    Args:
        model: onnx.ModelProto, left as it is.
        spec: normalisation, layout, order of channels.
        intake: where the picture goes in.
        plan: which tensors are logits and probabilities.

    Returns:
        onnx.ModelProto with input `pixels` uint8 [N, H, W, 3] and outputs `logits` and
        `probabilities` float32 [N, C].
    """
    network = onnx.GraphProto()
    network.CopyFrom(model.graph)
    sources = tuple(name for name in (plan.logits, plan.probabilities) if name)
    keep_what_is_needed(network, sources)
    prefix_names(network, _PREFIX)
    front, tail = _normalised(spec, intake), _named_scores(plan)
    for node in network.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    graph = helper.make_graph(
        [*front.nodes, *network.node, *tail.nodes],
        "yardlight",
        [_value(INPUT, TensorProto.UINT8, spec.input.height, spec.input.width, 3)],
        [_value(name, TensorProto.FLOAT, len(spec.labels)) for name in (LOGITS, PROBABILITIES)],
        [*front.weights, *network.initializer, *tail.weights],
        sparse_initializer=network.sparse_initializer,
    )
    made = helper.make_model(graph, opset_imports=model.opset_import, producer_name="yardlight")
    made.ir_version = max(model.ir_version, _OLDEST_FORMAT)
    return made


class _Nodes:
    """Nodes and their weights, in the order in which they run."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(self, kind: str, *inputs: str, gives: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [gives], name=gives, **attributes))
        return gives

    def weight(self, name: str, values: Any) -> str:
        self.weights.append(numpy_helper.from_array(values, f"{_OURS}{name}"))
        return f"{_OURS}{name}"


def _normalised(spec: ImportSpec, intake: Intake) -> _Nodes:
    """From `pixels` to the tensor that the network takes."""
    front = _Nodes()
    at = front.add("Cast", INPUT, gives=f"{_OURS}float32", to=TensorProto.FLOAT)
    if spec.colour == "bgr":
        order = front.weight("bgr", np.array([2, 1, 0], np.int64))
        at = front.add("Gather", at, order, gives=f"{_OURS}reversed", axis=3)
    if any(spec.mean):
        mean = front.weight("mean", np.array(spec.mean, np.float32))
        at = front.add("Sub", at, mean, gives=f"{_OURS}centred")
    if any(std != 1 for std in spec.std):
        scale = front.weight("scale", 1 / np.array(spec.std, np.float32))
        at = front.add("Mul", at, scale, gives=f"{_OURS}scaled")
    if spec.layout == "nchw":
        at = front.add("Transpose", at, gives=f"{_OURS}nchw", perm=[0, 3, 1, 2])
    if intake.half:
        front.add("Cast", at, gives=f"{_OURS}float16", to=TensorProto.FLOAT16)
    front.nodes[-1].output[0] = _PREFIX + intake.name
    return front


def _named_scores(plan: ScoresPlan) -> _Nodes:
    """From the network's tensors, float32 or float16, [N, C] or [N, C, 1, 1], to both outputs."""
    tail = _Nodes()
    for source, name in ((plan.logits, LOGITS), (plan.probabilities, PROBABILITIES)):
        if source:
            rows = tail.add("Flatten", _PREFIX + source, gives=f"{_OURS}{name}", axis=1)
            tail.add("Cast", rows, gives=name, to=TensorProto.FLOAT)
    if not plan.probabilities:
        _activate(tail, plan.activation)
    if not plan.logits:
        _deactivate(tail, plan.activation)
    return tail


def _activate(tail: _Nodes, activation: Activation) -> None:
    if activation == "softmax":
        tail.add("Softmax", LOGITS, gives=PROBABILITIES, axis=1)
    else:
        tail.add("Sigmoid", LOGITS, gives=PROBABILITIES)


def _deactivate(tail: _Nodes, activation: Activation) -> None:
    """Logits of which the activation gives the probabilities again: log p, or log p - log(1-p)."""
    epsilon = tail.weight("epsilon", _EPSILON)
    above_zero = tail.add("Add", PROBABILITIES, epsilon, gives=f"{_OURS}above-zero")
    if activation == "softmax":
        tail.add("Log", above_zero, gives=LOGITS)
        return
    rest = tail.add("Sub", tail.weight("one", _ONE), PROBABILITIES, gives=f"{_OURS}rest")
    rest_above_zero = tail.add("Add", rest, epsilon, gives=f"{_OURS}rest-above-zero")
    log = tail.add("Log", above_zero, gives=f"{_OURS}log")
    log_of_rest = tail.add("Log", rest_above_zero, gives=f"{_OURS}log-of-rest")
    tail.add("Sub", log, log_of_rest, gives=LOGITS)


def _value(name: str, kind: int, *sides: int) -> Any:
    return helper.make_tensor_value_info(name, kind, ["N", *sides])
