"""The compiled kernels that are shipped: what their record says of them, and who can run them."""

import struct
from pathlib import Path
from shutil import copytree

import pytest

from deploy.build.kernels.compilers import TOOLCHAINS
from deploy.bundle.errors import Fatal
from deploy.engines.gpu.kernels import images
from deploy.engines.gpu.kernels.images import Made

MADE = images.recorded()
_ELF = b"\x7fELF"
_CUDA = 190
"""Machine number of an ELF file for a GPU."""


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.name)
def test_a_fat_binary_was_compiled_from_the_source_beside_it(made: Made) -> None:
    assert made.sources == images.source_digests(), "the source changed: make kernels"


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.name)
def test_a_fat_binary_is_the_one_that_was_recorded(made: Made) -> None:
    assert images.digest(made.content()) == made.digest


def test_the_record_names_what_the_toolchains_are_told_to_make() -> None:
    told = [(each.image, each.packages, each.chips, each.ptx) for each in TOOLCHAINS]
    assert told == [(each.name, each.compiler, each.chips, each.ptx) for each in MADE]


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.name)
def test_a_fat_binary_holds_code_for_each_chip_and_ptx(made: Made) -> None:
    content = made.content()
    assert sorted(chips_in(content)) == sorted(made.chips)
    assert content.count(b".target sm_%d\n" % made.ptx) == 1
    assert content.count(b".visible .entry resize(") == 1


def test_a_fat_binary_that_was_changed_is_refused(tmp_path: Path) -> None:
    folder = copytree(images.SOURCES, tmp_path / "kernels")
    (folder / MADE[0].name).write_bytes(b"no code")
    with pytest.raises(Fatal, match=r"cuda12\.fatbin is not what kernels\.json says of it"):
        MADE[0].content(folder)
    (folder / MADE[0].name).unlink()
    with pytest.raises(Fatal, match="cannot be read: No such file"):
        MADE[0].content(folder)


@pytest.mark.parametrize(
    ("chip", "first"),
    [(75, "cuda12"), (87, "cuda12"), (90, "cuda12"), (100, "cuda13"), (103, "cuda13"),
     (110, "cuda13"), (121, "cuda13"), (130, "cuda13"), (88, "cuda12")],
)  # fmt: skip
def test_each_chip_gets_its_code_first_or_else_the_newest_ptx(chip: int, first: str) -> None:
    assert images.for_chip(chip, MADE)[0].name == f"{first}.fatbin"


def test_a_new_chip_under_an_old_driver_is_left_the_old_ptx() -> None:
    assert [each.name for each in images.for_chip(120, MADE)] == ["cuda13.fatbin", "cuda12.fatbin"]


def test_a_chip_that_is_too_old_is_one_sentence() -> None:
    with pytest.raises(Fatal, match=r"capability 7\.5 or newer, this one has 7\.2: run another"):
        images.for_chip(72, MADE)


def chips_in(content: bytes) -> list[int]:
    """The chips of all ELF files within, each from its own header (`e_machine`, `e_flags`)."""
    found, at = [], content.find(_ELF)
    while at >= 0:
        machine, version, flags = struct.unpack_from("<H", content, at + 18)[0], content[at + 8], 0
        (flags,) = struct.unpack_from("<I", content, at + 48)
        assert machine == _CUDA
        found.append(flags & 0xFF if version < 8 else flags >> 8 & 0xFF)
        at = content.find(_ELF, at + 1)
    return found
