"""The one door to nvFatbin: several chips' code in one file."""

import ctypes
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.bundle.errors import Fatal

_OPTIONS = (b"-64", b"-cuda", b"-compress=false")


@dataclass(frozen=True, slots=True)
class Binder:
    library: Any = field(repr=False)

    def bind(self, codes: Mapping[int, bytes], ptx: Mapping[int, bytes]) -> bytes:
        """One file of all: code and PTX by chip, such as 87."""
        with self._fat() as fat:
            for chip, code in codes.items():
                self._add("nvFatbinAddCubin", fat, code, chip)
            for chip, text in ptx.items():
                self._add("nvFatbinAddPTX", fat, text, chip, b"")
            size = ctypes.c_size_t()
            _check(self.library.nvFatbinSize, fat, ctypes.byref(size))
            content = ctypes.create_string_buffer(size.value)
            _check(self.library.nvFatbinGet, fat, content)
            return content.raw

    @contextmanager
    def _fat(self) -> Iterator[ctypes.c_void_p]:
        fat = ctypes.c_void_p()
        options = (ctypes.c_char_p * len(_OPTIONS))(*_OPTIONS)
        _check(self.library.nvFatbinCreate, ctypes.byref(fat), options, len(_OPTIONS))
        try:
            yield fat
        finally:
            self.library.nvFatbinDestroy(ctypes.byref(fat))

    def _add(self, how: str, fat: ctypes.c_void_p, code: bytes, chip: int, *more: bytes) -> None:
        size = ctypes.c_size_t(len(code))
        _check(getattr(self.library, how), fat, code, size, str(chip).encode(), b"resize", *more)


def open_binder(library: Path) -> Binder:
    return Binder(ctypes.CDLL(str(library)))


def _check(function: Callable[..., int], *arguments: Any) -> None:
    if error := function(*arguments):
        raise Fatal(f"{function.__name__} refuses: error {error}")
