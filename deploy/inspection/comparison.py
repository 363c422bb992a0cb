"""How two bundles differ, and what whoever reads the classifications would notice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.bundle.manifest import MODEL, Manifest
from deploy.inspection.contents import Contents
from deploy.inspection.flat import flat
from deploy.inspection.network import Network


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not the same; None where it is not there at all."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Weights:
    """How many weight tensors are the same, have other numbers, or are in one network only."""

    same: int
    changed: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """From the first bundle to the second."""

    identical: bool
    """The manifests are the same byte for byte, and so is every listed file."""
    labels_added: tuple[str, ...]
    labels_removed: tuple[str, ...]
    labels_reordered: bool
    manifest: tuple[Change, ...]
    """Name, version, input, outputs."""
    network: tuple[Change, ...]
    weights: Weights | None
    """None where a network could not be read."""
    files: tuple[Change, ...]
    provenance: tuple[Change, ...]
    engines: tuple[Change, ...]
    consequences: tuple[str, ...]
    """What subscribers would notice, in sentences."""


def compare(before: Contents, after: Contents) -> Comparison:
    old, new = before.bundle.manifest, after.bundle.manifest
    return Comparison(
        identical=before.bundle.digest == after.bundle.digest,
        labels_added=tuple(label for label in new.labels if label not in old.labels),
        labels_removed=tuple(label for label in old.labels if label not in new.labels),
        labels_reordered=_reordered(old.labels, new.labels),
        manifest=_changes(_facts(old), _facts(new)),
        network=_changes(_structure(before.network), _structure(after.network)),
        weights=_weights(before.network, after.network),
        files=_changes(old.files, new.files),
        provenance=_changes(dict(flat(old.provenance)), dict(flat(new.provenance))),
        engines=_changes(_engines(before), _engines(after)),
        consequences=tuple(_consequences(before, after)),
    )


def _consequences(before: Contents, after: Contents) -> Iterator[str]:
    old, new = before.bundle.manifest, after.bundle.manifest
    if before.bundle.digest == after.bundle.digest:
        yield "Nothing: it is the same bundle."
        return
    named = f"{old.name} {old.version} to {new.name} {new.version}"
    yield f"`model` in every classification changes from {named}, and so does its digest."
    if gone := sorted(set(old.labels) - set(new.labels)):
        yield f"These labels never come again: {', '.join(gone)}."
    if come := sorted(set(new.labels) - set(old.labels)):
        yield f"These labels may come, which nobody has seen before: {', '.join(come)}."
    if old.outputs.activation != new.outputs.activation:
        yield _ACTIVATIONS[new.outputs.activation]
    if old.files[MODEL] != new.files[MODEL] or old.input != new.input:
        yield "Labels and scores of a frame may change: look at thresholds again."
    elif old.labels != new.labels:
        yield "Scores of a frame stay, under other names: the network is the same file."
    else:
        yield "Labels and scores of a frame stay as they are: the network is the same file."
    yield "Engines are built anew on every node, and `engine` in every classification changes."


_ACTIVATIONS = {
    "softmax": "Scores of a frame now sum to one: labels exclude each other.",
    "sigmoid": "Scores of a frame no longer sum to one: each label stands for itself.",
}


def _facts(manifest: Manifest) -> dict[str, str]:
    wanted, outputs = manifest.input, manifest.outputs
    return {
        "name": manifest.name,
        "version": manifest.version,
        "input size": f"{wanted.width}x{wanted.height}",
        "input resize": wanted.resize,
        "input filter": wanted.filter,
        "activation": outputs.activation,
        "extra outputs": ", ".join(outputs.extra) or "-",
    }


def _structure(network: Network | None) -> dict[str, str]:
    if network is None:
        return {}
    whole = {"opset": network.opset, "parameters": network.parameters, "MACs": network.macs}
    nodes = {f"{name} nodes": count for name, count in network.operators.items()}
    return {name: str(value) for name, value in {**whole, **nodes}.items()}


def _weights(old: Network | None, new: Network | None) -> Weights | None:
    if old is None or new is None:
        return None
    both = old.weights.keys() & new.weights.keys()
    same = sum(old.weights[name] == new.weights[name] for name in both)
    return Weights(
        same, len(both) - same, len(new.weights) - len(both), len(old.weights) - len(both)
    )


def _engines(contents: Contents) -> dict[str, str]:
    return {
        one.name: "unreadable" if one.record is None else one.record.digest
        for one in contents.engines
    }


def _reordered(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    return [it for it in old if it in new] != [it for it in new if it in old]


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    names = [*old, *(name for name in new if name not in old)]
    return tuple(
        Change(name, old.get(name), new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    )
