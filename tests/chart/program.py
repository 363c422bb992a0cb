"""Programs that Go builds from modules into `.cache/bin`, once for each version."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.loudly import NotHere

CACHE = Path(__file__).parents[2] / ".cache"
BIN = CACHE / "bin"
_KUBERNETES = "1.37.2"
API_SERVER = BIN / f"kube-apiserver-{_KUBERNETES}"


def api_server() -> Path:
    """The API server of Kubernetes.

    Raises:
        NotHere: it was not built.
    """
    if not API_SERVER.exists():
        raise NotHere("The chart was not applied to a cluster: make chart-apply-check")
    return API_SERVER


def etcd() -> Path:
    """What the API server keeps everything in.

    Raises:
        NotHere: it is not installed.
    """
    program = shutil.which("etcd")
    if program is None:
        raise NotHere("The chart was not applied to a cluster: apt-get install etcd-server")
    return Path(program)


def build_api_server() -> None:
    """Build it; ten minutes and more the first time, nothing later.

    Its module is not meant to be required by others: it says of each of its parts that it lies in
    a folder beside it. A module of our own says where they are published instead.
    """
    if API_SERVER.exists():
        return
    sys.stdout.write("building the API server of Kubernetes, once; ten minutes and more\n")
    module = f"k8s.io/kubernetes@v{_KUBERNETES}"
    downloaded = json.loads(go("mod", "download", "-json", module))
    required = json.loads(go("mod", "edit", "-json", downloaded["GoMod"]))
    folder = CACHE / f"api-server-{_KUBERNETES}"
    folder.mkdir(exist_ok=True)
    (folder / "go.mod").write_text(_module(required), encoding="utf-8")
    fresh = API_SERVER.with_suffix(".fresh")
    # It is told its version when it is linked; charts may ask for one.
    told = f"-s -w -X k8s.io/component-base/version.gitVersion=v{_KUBERNETES}"
    package = "k8s.io/kubernetes/cmd/kube-apiserver"
    go("build", "-mod=mod", f"-ldflags={told}", "-o", str(fresh), package, within=folder)
    fresh.rename(API_SERVER)


def _module(required: dict[str, Any]) -> str:
    parts = [part["Old"]["Path"] for part in required["Replace"]]
    published = "v0." + _KUBERNETES.partition(".")[2]
    replaced = "".join(f"replace {part} => {part} {published}\n" for part in parts)
    return (
        f"module apiserver\n\ngo {required['Go']}\n\n"
        f"require k8s.io/kubernetes v{_KUBERNETES}\n\n{replaced}"
    )


def go(*words: str, within: Path = CACHE) -> str:
    """What a command of Go says on stdout; it installs programs into `.cache/bin`."""
    program = shutil.which("go")
    if program is None:
        raise SystemExit("Helm and the API server are built with Go 1.26 or newer.")
    BIN.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"GOBIN": str(BIN)}
    done = subprocess.run(
        [program, *words],
        cwd=within,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    build_api_server()
