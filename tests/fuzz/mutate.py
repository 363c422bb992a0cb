"""Bytes that are nearly right: what a seed decides, so that each one can be made again."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeAlias

_INTERESTING = (0, 1, 0x7F, 0x80, 0xD8, 0xD9, 0xDA, 0xFF)
_MOST_CHANGES = 6
_LONGEST_PIECE = 64

Mutation: TypeAlias = Callable[[bytearray, Random], None]


def _flip(data: bytearray, random: Random) -> None:
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _replace(data: bytearray, random: Random) -> None:
    data[random.randrange(len(data))] = random.choice(_INTERESTING)


def _number(data: bytearray, random: Random) -> None:
    """Lengths and sizes are numbers of two or four bytes."""
    at, width = random.randrange(len(data)), random.choice((2, 4))
    value = random.choice((0, 1, (1 << 8 * width) - 1, random.getrandbits(8 * width)))
    data[at : at + width] = value.to_bytes(width, random.choice(("big", "little")))


def _cut(data: bytearray, random: Random) -> None:
    del data[random.randrange(len(data)) :]


def _drop(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    del data[at : at + random.randrange(_LONGEST_PIECE)]


def _double(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    data[at:at] = data[at : at + random.randrange(_LONGEST_PIECE)] * random.choice((1, 1, 1, 500))


def _insert(data: bytearray, random: Random) -> None:
    at = random.randrange(len(data))
    data[at:at] = random.randbytes(random.randrange(_LONGEST_PIECE))


_MUTATIONS: Sequence[Mutation] = (_flip, _replace, _number, _cut, _drop, _double, _insert)


def mutated(seed: bytes, random: Random) -> bytes:
    """With a few changes."""
    data = bytearray(seed)
    for _ in range(random.randint(1, _MOST_CHANGES)):
        if not data:
            break
        random.choice(_MUTATIONS)(data, random)
    return bytes(data)
