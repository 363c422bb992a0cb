import os
import signal

import pytest

pytest.importorskip("torch", reason="needs the extra 'train'")

import torch

from trainer.chance import Chance
from trainer.interruption import Interruption
from trainer.ranks import Ranks


def drawn(generator: torch.Generator) -> list[float]:
    found: list[float] = torch.rand(3, generator=generator).tolist()
    return found


def test_chance_follows_from_seed_and_step_and_remembers_nothing() -> None:
    chance = Chance(7)
    first = drawn(chance.changes(5))
    drawn(chance.changes(6))
    assert drawn(chance.changes(5)) == first
    chance.dropout(5)
    kept = torch.rand(3).tolist()
    chance.dropout(5)
    assert torch.rand(3).tolist() == kept


def test_each_seed_step_epoch_and_process_draws_its_own() -> None:
    draws = [
        *(drawn(Chance(seed).changes(step)) for seed in (0, 1) for step in (0, 1)),
        *(drawn(Chance(0).order(epoch)) for epoch in (0, 1)),
        drawn(Chance(0, rank=1).changes(0)),
        drawn(Chance(0).views()),
    ]
    assert len({tuple(draw) for draw in draws}) == len(draws)


def test_processes_go_through_the_pictures_in_one_order() -> None:
    assert drawn(Chance(3, rank=0).order(2)) == drawn(Chance(3, rank=1).order(2))


def test_the_processes_share_a_batch_in_parts_of_one_size() -> None:
    chosen = torch.arange(11)
    parts = [Ranks(torch.device("cpu"), rank, 3).share(chosen).tolist() for rank in range(3)]
    assert parts == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]


def test_an_interruption_is_heard_at_once_and_obeyed_when_there_is_time() -> None:
    interruption = Interruption(lambda: 0.0)  # however long this machine stops between the two
    before = signal.getsignal(signal.SIGINT)
    with interruption.heard():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)  # torchrun passes on what the terminal has sent
        assert interruption.is_asked
        with pytest.raises(KeyboardInterrupt):
            interruption.obey()
    assert signal.getsignal(signal.SIGINT) is before


def test_what_is_ignored_in_the_background_stays_ignored() -> None:
    before, interruption = signal.signal(signal.SIGINT, signal.SIG_IGN), Interruption()
    try:
        with interruption.heard():
            os.kill(os.getpid(), signal.SIGINT)
            assert not interruption.is_asked
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_to_end_is_obeyed_as_what_it_is() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        interruption = Interruption()
        with interruption.heard():
            os.kill(os.getpid(), signal.SIGTERM)
            assert interruption.is_asked
            assert heard == []
            interruption.obey()
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
