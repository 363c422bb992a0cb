"""NVIDIA's bindings of one version without NVIDIA's libraries: enough to import them and look."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_CACHE = ROOT / ".cache/tensorrt"
_LIBRARIES = ("nvinfer", "nvinfer_plugin", "nvonnxparser")
# What the extension module wants to find in them when it is loaded.
_SYMBOLS = (
    "createInferBuilder_INTERNAL",
    "createInferRefitter_INTERNAL",
    "createInferRuntime_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL",
    "createNvOnnxParser_INTERNAL",
    "getBuilderPluginRegistry",
    "getNvOnnxParserVersion",
    "getPluginRegistry",
    "initLibNvInferPlugins",
)
_PYTHON = f"CPython {sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True, slots=True)
class Bindings:
    """A distribution on the package index."""

    name: str
    version: str

    @property
    def folder(self) -> Path:
        """Keeps what was fetched and made, for this Python."""
        return _CACHE / f"{self.name}-{self.version}-{sys.implementation.cache_tag}"

    def stubs(self) -> Path:
        """Write `tensorrt.pyi` and give its folder; only the first time asks the package index.

        Raises:
            SystemExit: there is no wheel or no C compiler, or a docstring cannot be read.
        """
        wheel, standins = self._wheel(), self._standins()
        unread = (
            f"the bindings {self.version} do not load, or say what the stub's maker cannot read"
        )
        text = _run(unread, "-S", "-m", "tests.tensorrt.stub", str(wheel), *standins)
        stubs = self.folder / "stubs"
        stubs.mkdir(exist_ok=True)
        (stubs / "tensorrt.pyi").write_text(text)
        return stubs

    def _wheel(self) -> Path:
        wheel, draft = self.folder / "wheel", self.folder / "draft"
        if not wheel.exists():
            shutil.rmtree(draft, ignore_errors=True)
            wanted = f"{self.name}=={self.version}"
            pip = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps")
            missing = (
                f"{wanted} has no wheel for {_PYTHON} (it has for 3.10 to 3.12), "
                "or the package index is out of reach"
            )
            _run(missing, *pip, "--only-binary", ":all:", "--target", str(draft), wanted)
            draft.rename(wheel)
        return wheel

    def _standins(self) -> list[str]:
        """Libraries with NVIDIA's names and nothing behind them."""
        compiler = shutil.which("gcc")
        if compiler is None:
            raise SystemExit("gcc is needed: TensorRT's bindings load beside libraries made by it")
        source = self.folder / "standin.c"
        source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in _SYMBOLS))
        made = []
        for library in _LIBRARIES:
            soname = f"lib{library}.so.{self.version.partition('.')[0]}"
            made.append(str(self.folder / soname))
            options = ("-shared", "-fPIC", f"-Wl,-soname,{soname}", "-o", made[-1])
            subprocess.run([compiler, *options, source], check=True)
        return made


def _run(trouble: str, *words: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{trouble}:\n{done.stderr}")
    return done.stdout
