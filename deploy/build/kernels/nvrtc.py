"""The one door to NVRTC, NVIDIA's compiler as a library: CUDA source to code for a chip, or PTX."""

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.bundle.errors import Fatal

OPTIONS = ("--std=c++11",)


@dataclass(frozen=True, slots=True)
class Compiler:
    library: Any = field(repr=False)

    def code(self, source: str, headers: Mapping[str, str], chip: int) -> bytes:
        """Code for one chip, such as 87. Raises Fatal with what the compiler says."""
        return self._compile(source, headers, f"sm_{chip}", "CUBIN")

    def ptx(self, source: str, headers: Mapping[str, str], architecture: int) -> bytes:
        """PTX, ended by a zero byte. Raises Fatal with what the compiler says."""
        return self._compile(source, headers, f"compute_{architecture}", "PTX")

    def _compile(self, source: str, headers: Mapping[str, str], target: str, kind: str) -> bytes:
        program = self._program(source, headers)
        try:
            options = [f"--gpu-architecture={target}".encode(), *map(str.encode, OPTIONS)]
            array = (ctypes.c_char_p * len(options))(*options)
            if self.library.nvrtcCompileProgram(program, len(options), array):
                said = self._get(program, "ProgramLog").decode(errors="replace")
                raise Fatal(f"the kernel does not compile for {target}:\n{said}")
            return self._get(program, kind)
        finally:
            self.library.nvrtcDestroyProgram(ctypes.byref(program))

    def _program(self, source: str, headers: Mapping[str, str]) -> ctypes.c_void_p:
        program = ctypes.c_void_p()
        names = (ctypes.c_char_p * len(headers))(*map(str.encode, headers))
        texts = (ctypes.c_char_p * len(headers))(*map(str.encode, headers.values()))
        made = self.library.nvrtcCreateProgram(
            ctypes.byref(program), source.encode(), b"resize.cu", len(headers), texts, names
        )
        if made:
            raise Fatal(f"NVRTC makes no program: error {made}")
        return program

    def _get(self, program: ctypes.c_void_p, what: str) -> bytes:
        size = ctypes.c_size_t()
        _check(getattr(self.library, f"nvrtcGet{what}Size"), program, ctypes.byref(size))
        content = ctypes.create_string_buffer(size.value)
        _check(getattr(self.library, f"nvrtcGet{what}"), program, content)
        return content.raw


def open_compiler(library: Path) -> Compiler:
    """NVRTC looks for its built-in functions where the system's libraries are; they lie beside it,
    and one that is loaded already is not looked for.
    """
    for builtins in library.parent.glob("libnvrtc-builtins.so.*"):
        ctypes.CDLL(str(builtins), ctypes.RTLD_GLOBAL)
    return Compiler(ctypes.CDLL(str(library)))


def _check(function: Callable[..., int], *arguments: Any) -> None:
    if error := function(*arguments):
        raise Fatal(f"NVRTC refuses to hand over what it compiled: error {error}")
