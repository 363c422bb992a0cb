import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

from trainer.acceleration import Acceleration, accelerate
from trainer.networks.catalogue import build_network
from trainer.optimiser import build_optimiser
from trainer.ranks import Ranks
from trainer.settings import PLAIN

ALONE = Ranks(torch.device("cpu"))
PIXELS = torch.randint(0, 256, (4, 32, 32, 3), dtype=torch.uint8)
TARGETS = torch.tensor([0, 1, 0, 1])


def fallen(fast: Acceleration, network: torch.nn.Module) -> tuple[float, float]:
    """The loss before and after some steps."""
    optimiser = build_optimiser(network, 0.0)
    losses = []
    for _ in range(8):
        loss = torch.nn.functional.cross_entropy(fast.logits(PIXELS), TARGETS)
        losses.append(loss.item())
        fast.descend(loss, optimiser)
    return losses[0], losses[-1]


@pytest.mark.parametrize("half", [False, True])
def test_a_network_learns_in_half_precision_too_and_its_weights_stay_whole(half: bool) -> None:
    network = build_network(PLAIN, 2, 32)
    fast = accelerate(network, ALONE, half=half, compiled=False)
    assert fast.half is (torch.bfloat16 if half else None)
    assert fast.logits(PIXELS).dtype == torch.float32
    before, after = fallen(fast, network)
    assert after < before / 2
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}


def test_half_precision_is_what_it_says() -> None:
    network = build_network(PLAIN, 2, 32).eval()
    whole, half = (
        accelerate(network, ALONE, half=it, compiled=False).logits(PIXELS) for it in (False, True)
    )
    assert not torch.equal(whole, half)
    torch.testing.assert_close(whole, half, rtol=0.05, atol=0.05)
