"""The model as it came: run on pixels that are normalised by hand, as its authors would."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deploy.bundle.errors import BundleError
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import open_reference, runtime_version
from deploy.importing.intake import Intake
from deploy.importing.spec import ImportSpec

Values: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Original:
    """The imported model in ONNX Runtime."""

    session: Any
    intake: Intake
    spec: ImportSpec
    where: str

    @property
    def batch(self) -> int:
        """How many frames go through it at once; one where it leaves that free."""
        return self.intake.batch or 1

    def one_batch(self, pixels: Pixels) -> Mapping[str, Values]:
        """Run as few frames as it takes and return every output by name.

        Raises:
            BundleError: the model does not run.
        """
        names = [output.name for output in self.session.get_outputs()]
        fed = normalise(pixels[: self.batch], self.spec, half=self.intake.half)
        return dict(zip(names, self._once(names, fed), strict=True))

    def scores(self, pixels: Pixels, output: str) -> Values:
        """Run uint8 [N, H, W, 3], N a multiple of `batch`; one output as float32 [N, C].

        Raises:
            BundleError: the model does not run, or gives values that are not finite.
        """
        fed = normalise(pixels, self.spec, half=self.intake.half)
        batches = [fed[at : at + self.batch] for at in range(0, len(fed), self.batch)]
        found = np.concatenate([self._once([output], batch)[0] for batch in batches])
        if not np.isfinite(found).all():
            raise BundleError(
                f"{self.where}: output {output!r} holds values that are not finite: "
                "check --mean, --std and the weights"
            )
        return found.reshape(len(pixels), -1).astype(np.float32)

    def _once(self, names: list[str], fed: Values) -> list[Values]:
        try:
            found = self.session.run(names, {self.intake.name: fed})
        except Exception as error:
            raise BundleError(
                f"{self.where}: the model does not run on pictures {list(fed.shape)}: {error}"
            ) from error
        return [np.asarray(value) for value in found]


def open_original(
    path: Path, intake: Intake, spec: ImportSpec, opset: int, *, threads: int = 0
) -> Original:
    """Load the model as it came.

    Raises:
        BundleError: ONNX Runtime refuses it; says its opset.
    """
    try:
        session = open_reference(path, threads=threads).session
    except BundleError as error:
        raise BundleError(
            f"{error}; it is written in opset {opset}, read by ONNX Runtime {runtime_version()}: "
            "if that is too new, export it with opset 17, which every engine takes"
        ) from error
    return Original(session, intake, spec, str(path))


def normalise(pixels: Pixels, spec: ImportSpec, *, half: bool) -> Values:
    """From pixels uint8 [N, H, W, 3], RGB, to what the model takes, in float32 arithmetic."""
    values = pixels[..., ::-1] if spec.colour == "bgr" else pixels
    scale = 1 / np.array(spec.std, np.float32)
    fed = (values.astype(np.float32) - np.array(spec.mean, np.float32)) * scale
    if spec.layout == "nchw":
        fed = fed.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(fed, np.float16 if half else np.float32)
