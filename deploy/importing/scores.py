"""Which output holds the scores, and what they are: logits, or already probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from deploy.bundle.errors import BundleError
from deploy.bundle.manifest import Activation
from deploy.importing.original import Values
from deploy.importing.spec import ImportSpec

_ACTIVATIONS: Mapping[str, Activation] = {"Softmax": "softmax", "Sigmoid": "sigmoid"}
_PASSES_ON = frozenset({"Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast"})
_SUM_TOLERANCE = 1e-2


@dataclass(frozen=True, slots=True)
class ScoresPlan:
    """Tensors of the network that become `logits` and `probabilities`.

    Exactly one of them may be missing; it is then computed from the other.
    """

    activation: Activation
    logits: str = ""
    probabilities: str = ""


def choose_output(found: Mapping[str, Values], spec: ImportSpec, model: Any, where: str) -> str:
    """The output whose values are one score a label.

    Args:
        found: every output for one batch.
        spec: labels, and the output's name if it was told.
        model: onnx.ModelProto
        where: names the model in errors.

    Raises:
        BundleError: none is, several are, or there are more or fewer scores than labels.
    """
    if spec.output and spec.output not in found:
        raise BundleError(f"{where}: no output {spec.output!r}, it has {_described(found)}")
    candidates = {spec.output: found[spec.output]} if spec.output else dict(found)
    flat = {name: values for name, values in candidates.items() if _is_flat(values)}
    if not flat:
        raise BundleError(
            f"{where}: expected an output [N, {len(spec.labels)}], one score a label; "
            f"found {_described(candidates)}: object detectors and segmenters are no classifiers"
        )
    fitting = [name for name, values in flat.items() if _classes(values) == len(spec.labels)]
    if not fitting:
        raise _other_count(flat, spec, where)
    if len(fitting) > 1:
        fitting = [name for name in fitting if _activation_node(model, name)] or fitting
    if len(fitting) > 1:
        raise BundleError(
            f"{where}: several outputs give {len(spec.labels)} scores: {', '.join(fitting)}; "
            "say which with --output"
        )
    return fitting[0]


def plan_scores(
    model: Any, output: str, values: Values, spec: ImportSpec, where: str
) -> ScoresPlan:
    """Tell logits from probabilities, by the last nodes and by the values.

    Args:
        model: onnx.ModelProto
        output: name of the output that holds the scores.
        values: what it gave for a few pictures, float32 [N, C].
        spec: what was told about it.
        where: names the model in errors.

    Raises:
        BundleError: what was told is not what is found, or it cannot be told.
    """
    node = _activation_node(model, output)
    if node is not None:
        return _activated(node, output, spec, where)
    in_range = bool((values >= 0).all() and (values <= 1).all())
    sums_to_one = bool(np.allclose(values.sum(axis=1), 1, atol=_SUM_TOLERANCE))
    if spec.scores == "probabilities" and not in_range:
        raise BundleError(
            f"{where}: told that {output!r} gives probabilities, found scores from "
            f"{values.min():.4g} to {values.max():.4g}: import it with --scores logits"
        )
    if spec.scores == "auto" and in_range and not sums_to_one:
        raise BundleError(
            f"{where}: the scores of {output!r} lie between 0 and 1 and no Softmax or Sigmoid was "
            "found: say --scores probabilities or --scores logits"
        )
    if spec.scores == "logits" or not in_range:
        activation = "softmax" if spec.activation == "auto" else spec.activation
        return ScoresPlan(activation, logits=output)
    measured: Activation = "softmax" if sums_to_one else "sigmoid"
    if spec.activation == "softmax" and not sums_to_one:
        raise BundleError(
            f"{where}: told that {output!r} gives a softmax, but its probabilities do not sum to "
            "one: import it with --activation sigmoid"
        )
    activation = measured if spec.activation == "auto" else spec.activation
    return ScoresPlan(activation, probabilities=output)


def _activated(node: Any, output: str, spec: ImportSpec, where: str) -> ScoresPlan:
    found = _ACTIVATIONS[node.op_type]
    if spec.scores == "logits":
        raise BundleError(
            f"{where}: told that {output!r} gives logits, but it ends in {node.op_type}: "
            "import it with --scores auto"
        )
    if spec.activation not in ("auto", found):
        raise BundleError(
            f"{where}: told that its activation is {spec.activation}, but it ends in "
            f"{node.op_type}: import it with --activation auto"
        )
    return ScoresPlan(found, logits=node.input[0], probabilities=output)


def _activation_node(model: Any, output: str) -> Any | None:
    """The Softmax or Sigmoid that the output comes from, through nodes that change no value."""
    makers = {name: node for node in model.graph.node for name in node.output}
    node = makers.get(output)
    while node is not None and node.op_type in _PASSES_ON:
        node = makers.get(node.input[0])
    return node if node is not None and node.op_type in _ACTIVATIONS else None


def _is_flat(values: Values) -> bool:
    """[N, C], or that with dimensions of one beside it as in [N, C, 1, 1]."""
    return values.ndim > 1 and sum(side != 1 for side in values.shape[1:]) <= 1


def _classes(values: Values) -> int:
    return int(np.prod(values.shape[1:]))


def _other_count(flat: Mapping[str, Values], spec: ImportSpec, where: str) -> BundleError:
    counts = {name: _classes(values) for name, values in flat.items()}
    found = ", ".join(f"{count} scores in output {name!r}" for name, count in counts.items())
    advice = "the labels must be those of the network, in its order"
    if len(spec.labels) + 1 in counts.values():
        advice += "; networks from TensorFlow often begin with a class 'background'"
    return BundleError(f"{where}: {len(spec.labels)} labels were given, found {found}: {advice}")


def _described(found: Mapping[str, Values]) -> str:
    return ", ".join(
        f"{name!r} [{', '.join(map(str, values.shape))}]" for name, values in found.items()
    )
