"""The door to nvImageCodec, over a stand-in with its calls: buffers used again, failures apart."""

import sys
import types
from dataclasses import dataclass, field
from typing import Any

import pytest

from deploy.bundle.errors import Fatal, MissingDriver
from deploy.engines.gpu.nvimgcodec import open_decoder

GOOD, BAD, ODD = b"good", b"bad", b"odd"


@dataclass
class Image:
    address: int
    typestr: str = "|u1"

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        data, shape = (self.address, False), (48, 64, 3)
        return {"shape": shape, "typestr": self.typestr, "data": data, "strides": (256, 3, 1)}


@dataclass
class Library:
    """`nvidia.nvimgcodec`, as far as it is used."""

    has_gpu: bool = True
    made: int = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    BackendKind: Any = field(
        default_factory=lambda: types.SimpleNamespace(
            HW_GPU_ONLY="hw", GPU_ONLY="gpu", HYBRID_CPU_GPU="hybrid"
        )
    )
    ColorSpec: Any = field(default_factory=lambda: types.SimpleNamespace(SRGB="srgb"))
    SampleFormat: Any = field(default_factory=lambda: types.SimpleNamespace(I_RGB="rgb"))

    def Backend(self, kind: str) -> str:  # noqa: N802 - its own names
        return kind

    def DecodeParams(self, **given: Any) -> dict[str, Any]:  # noqa: N802
        return given

    def CodeStream(self, data: Any) -> bytes:  # noqa: N802
        if bytes(data) == ODD:
            raise RuntimeError("no codec knows it")
        return bytes(data)

    def Decoder(self, **given: Any) -> "Library":  # noqa: N802
        if not self.has_gpu:
            raise RuntimeError("Could not create decoder. Code: 8")
        self.asked.append(given)
        return self

    def decode(self, sources: list[bytes], images: Any = None, **given: Any) -> list[Any]:
        self.asked.append(given)
        if images is not None:
            assert len(images) == len(sources)
            return [
                image if each == GOOD else None for each, image in zip(sources, images, strict=True)
            ]
        return [self._new() if each == GOOD else None for each in sources]

    def _new(self) -> Image:
        self.made += 1
        return Image(0x1000 * self.made)


@dataclass(frozen=True)
class Stream:
    handle: int = 7

    def synchronize(self) -> None:
        """Nothing is under way."""

    def close(self) -> None:
        """It was never taken."""


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()
    package = types.ModuleType("nvidia")
    monkeypatch.setattr(package, "nvimgcodec", library, raising=False)
    monkeypatch.setitem(sys.modules, "nvidia", package)
    monkeypatch.setitem(sys.modules, "nvidia.nvimgcodec", library)
    return library


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nvidia", types.ModuleType("nvidia"))
    monkeypatch.setitem(sys.modules, "nvidia.nvimgcodec", None)
    with pytest.raises(
        MissingDriver, match=r"nvidia-nvimgcodec is not installed.*yardlight\[gpu\]"
    ):
        open_decoder(1)


def test_without_a_gpu_it_is_one_sentence(library: Library) -> None:
    library.has_gpu = False
    with pytest.raises(Fatal, match="nvImageCodec cannot decode on this GPU: Could not create"):
        open_decoder(1)


def test_a_picture_is_told_where_it_lies_as_it_is_stored(library: Library) -> None:
    (surface,) = open_decoder(1).decode([GOOD], Stream())
    assert surface is not None
    assert (surface.address, surface.pitch, surface.orientation) == (0x1000, 256, 1)
    assert (surface.width, surface.height) == (64, 48)
    asked = library.asked[-1]
    assert asked["cuda_stream"] == 7
    assert asked["params"]["apply_exif_orientation"] is False


@pytest.mark.parametrize("bad", [BAD, ODD])
def test_one_that_fails_is_none_and_affects_no_other(library: Library, bad: bytes) -> None:
    decoder = open_decoder(1)
    for frames in ([GOOD, bad, GOOD], [bad, GOOD, GOOD]):
        found = [surface is not None for surface in decoder.decode(frames, Stream())]
        assert found == [frame == GOOD for frame in frames]
    assert library.made <= 3


def test_buffers_are_used_again_whatever_the_size_of_the_batch(library: Library) -> None:
    decoder = open_decoder(1)
    for count in (3, 1, 3, 2, 3):
        surfaces = decoder.decode([GOOD] * count, Stream())
        assert len({surface.address for surface in surfaces if surface}) == count
    assert library.made == 3


def test_an_empty_batch_asks_for_nothing(library: Library) -> None:
    decoder = open_decoder(1)
    before = len(library.asked)
    assert decoder.decode([], Stream()) == []
    assert len(library.asked) == before
