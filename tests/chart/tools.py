"""What `make chart-check` fetches once: Helm, and the definitions that the operators publish."""

import json
import shutil
import sys
from pathlib import Path

from tests.chart.program import BIN, CACHE, go
from tests.loudly import NotHere

DEFINITIONS = CACHE / "crds"
_HELM = "helm.sh/helm/v4/cmd/helm@v4.3.1"
_KEDA = "github.com/kedacore/keda/v2@v2.21.0"
_OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
_FILES = {
    _KEDA: (
        "config/crd/bases/keda.sh_scaledobjects.yaml",
        "schema/generated/scalers-schema.json",
    ),
    _OPERATOR: ("example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",),
}

KINDS = {
    "ScaledObject": "keda.sh_scaledobjects.yaml",
    "PodMonitor": "monitoring.coreos.com_podmonitors.yaml",
}
"""What the chart asks of operators, and the files that define it."""


def definition(name: str) -> Path:
    """A file that an operator publishes.

    Raises:
        NotHere: it was not fetched.
    """
    path = DEFINITIONS / name
    if not path.exists():
        raise NotHere("The chart was not held to the CRDs of KEDA and Prometheus: make chart-check")
    return path


def fetch() -> None:
    """Build Helm and copy the definitions; minutes the first time, nothing later."""
    if not (BIN / "helm").exists():
        sys.stdout.write("building Helm, once; this takes minutes\n")
        go("install", _HELM)
    DEFINITIONS.mkdir(parents=True, exist_ok=True)
    for module, files in _FILES.items():
        if not all((DEFINITIONS / Path(name).name).exists() for name in files):
            source = Path(json.loads(go("mod", "download", "-json", module))["Dir"])
            for name in files:
                shutil.copyfile(source / name, DEFINITIONS / Path(name).name)


if __name__ == "__main__":
    CACHE.mkdir(exist_ok=True)
    fetch()
