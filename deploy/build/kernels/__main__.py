"""`make kernels` compiles the CUDA kernels ahead; `kernels-check` compares."""

import sys
from pathlib import Path

from deploy.build.kernels.compilers import TOOLCHAINS, Toolchain, fetch, library
from deploy.build.kernels.fat import open_binder
from deploy.build.kernels.nvrtc import OPTIONS, open_compiler
from deploy.bundle.errors import YardlightError
from deploy.engines.gpu.kernels import images
from deploy.engines.gpu.kernels.images import Made

_CACHE = Path(".cache") / "compilers"


def main(arguments: list[str]) -> int:
    try:
        made = [compiled(toolchain) for toolchain in TOOLCHAINS]
    except YardlightError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if "--check" in arguments:
        return _check([each for each, _ in made])
    for each, content in made:
        (images.SOURCES / each.name).write_bytes(content)
        sys.stderr.write(f"{each.name}: {len(content)} bytes for {_targets(each)}\n")
    images.record((each for each, _ in made), images.SOURCES)
    return 0


def compiled(toolchain: Toolchain) -> tuple[Made, bytes]:
    """A fat binary, and how it was made.

    Raises:
        Unavailable: the compiler is not to be had.
        Fatal: the source does not compile.
    """
    folder = fetch(toolchain, _CACHE)
    compiler = open_compiler(library(folder, "libnvrtc"))
    source = (images.SOURCES / images.SOURCE).read_text()
    headers = {name: (images.SOURCES / name).read_text() for name in images.HEADERS}
    codes = {chip: compiler.code(source, headers, chip) for chip in toolchain.chips}
    ptx = {toolchain.ptx: compiler.ptx(source, headers, toolchain.ptx)}
    content = open_binder(library(folder, "libnvfatbin")).bind(codes, ptx)
    return _made(toolchain, content), content


def _made(toolchain: Toolchain, content: bytes) -> Made:
    return Made(
        toolchain.image,
        images.digest(content),
        images.source_digests(),
        toolchain.packages,
        OPTIONS,
        toolchain.chips,
        toolchain.ptx,
    )


def _check(made: list[Made]) -> int:
    there = images.recorded()
    differ = [each.name for each in made if each not in there]
    for each in there:
        each.content()
    if differ:
        sys.stderr.write(f"{' and '.join(differ)}: not what the source compiles to; make kernels\n")
        return 1
    sys.stdout.write(f"{len(made)} fat binaries are, to the byte, what their source compiles to\n")
    return 0


def _targets(made: Made) -> str:
    return ", ".join([*(f"sm_{chip}" for chip in made.chips), f"PTX compute_{made.ptx}"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
