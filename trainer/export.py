"""From a trained network to the bundle's `model.onnx`, with proof that both answer alike."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import INPUT, Reference, Scores, open_reference
from trainer.networks.outputs import NetworkOutputs
from trainer.parity import insist_on_parity

OUTPUTS = NetworkOutputs._fields
EXTRA_OUTPUTS = OUTPUTS[2:]
_PROOF_BATCHES = (1, 3, 8, 32)


def export(network: nn.Module, pixels: Pixels, path: Path) -> None:
    """Write one ONNX file, weights inside, for any number of frames.

    Args:
        network: takes uint8 [N, H, W, 3], gives `NetworkOutputs`.
        pixels: two frames or more, uint8 [N, H, W, 3], to trace the network with.
        path: where to write.
    """
    network.eval()
    program = torch.onnx.export(
        network,
        (torch.from_numpy(pixels[:2]),),
        dynamo=True,
        input_names=[INPUT],
        output_names=list(OUTPUTS),
        dynamic_shapes=({0: torch.export.Dim("N")},),
        verbose=False,
    )
    _forget_where_it_was_made(program)
    program.save(path, external_data=False)


def prove_parity(network: nn.Module, model: Path, pixels: Pixels) -> float:
    """Run real frames through both, in batches of several sizes.

    Args:
        network: the trained network.
        model: its export.
        pixels: uint8 [N, H, W, 3] that came through the production path.

    Returns:
        The largest error of a logit, relative to the largest logit.

    Raises:
        ParityBroken: it is too large.
    """
    reference = open_reference(model)
    batches = _batches(pixels)
    trained = np.concatenate([_logits(network, batch) for batch in batches])
    exported = np.concatenate([_exported_logits(reference, batch) for batch in batches])
    return insist_on_parity(trained, exported)


def _batches(pixels: Pixels) -> list[Pixels]:
    """Frames from all over the set; of a small set some come more than once."""
    spread = np.linspace(0, len(pixels) - 1, sum(_PROOF_BATCHES)).round().astype(int)
    return np.split(pixels[spread], np.cumsum(_PROOF_BATCHES)[:-1])


def _logits(network: nn.Module, pixels: Pixels) -> Scores:
    network.eval()
    with torch.inference_mode():
        logits: Scores = network(torch.from_numpy(pixels)).logits.numpy()
    return logits


def _exported_logits(reference: Reference, pixels: Pixels) -> Scores:
    return reference.run(pixels).logits


def _forget_where_it_was_made(program: torch.onnx.ONNXProgram) -> None:
    """Drop the stack traces of each node: they name folders of the machine that trained."""
    for node in program.model.graph:
        node.metadata_props.clear()
