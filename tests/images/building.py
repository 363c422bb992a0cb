"""The CPU image without a Docker daemon: Debian's root, buildah, and what comes out of it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache/image"
_DEBIAN = CACHE / "debian"
_BASE = "localhost/base:check"
_IMAGE = "localhost/yardlight-cpu:check"
_CONTAINER = "yardlight-check"
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
# What Debian's own slim image leaves out.
_SLIM = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")


@dataclass(frozen=True, slots=True)
class Built:
    """An image as a folder: what its layers make together."""

    root: Path

    @property
    def size(self) -> int:
        """Bytes of all files."""
        files = (Path(folder) / name for folder, _, names in os.walk(self.root) for name in names)
        return sum(file.lstat().st_size for file in files)

    def programs(self) -> set[str]:
        """Names of all that can be started."""
        found = set()
        for folder in ("usr/bin", "usr/sbin", "usr/local/bin", "opt/yardlight/bin"):
            found |= {path.name for path in (self.root / folder).glob("*")}
        return found


def build() -> Built:
    """Build the image from docker/Dockerfile.cpu and unpack it."""
    for program in ("buildah", "debootstrap"):
        if shutil.which(program) is None:
            raise SystemExit(f"The image is built with {program}: apt-get install {program}")
    if os.geteuid() != 0:
        raise SystemExit(
            "Building without a daemon makes a Debian root, which takes root's rights."
        )
    if _CONTAINER in _buildah("containers", "--format", "{{.ContainerName}}").split():
        _buildah("rm", _CONTAINER)
    if _BASE not in _buildah("images", "--format", "{{.Name}}:{{.Tag}}"):
        _debian()
    _from_dockerfile()
    _buildah("from", "--pull-never", "--name", _CONTAINER, _IMAGE)
    return Built(Path(_buildah("mount", _CONTAINER).strip()))


def _debian() -> None:
    """A Debian of the release that the Dockerfile names, as an image."""
    if not _DEBIAN.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = _DEBIAN.with_name("debian.fresh")
        _run("debootstrap", "--variant=minbase", "bookworm", str(fresh))
        for folder in _SLIM:
            shutil.rmtree(fresh / folder)
            (fresh / folder).mkdir()
        fresh.rename(_DEBIAN)
    container = _buildah("from", "scratch").strip()
    _buildah("add", "--quiet", container, str(_DEBIAN), "/")
    _buildah("commit", "--quiet", container, _BASE)
    _buildah("rm", container)


def _from_dockerfile() -> None:
    # Where packages come by way of a machine with an authority of its own, the build trusts it too.
    settings = CACHE / "pip.conf"
    settings.write_text("[global]\ncert = /etc/authorities.pem\n", encoding="utf-8")
    trust = (
        *("--volume", f"{settings}:/etc/pip.conf:ro"),
        *("--volume", f"{_AUTHORITIES}:/etc/authorities.pem:ro"),
    )
    # Of the two formats only Docker's knows health checks.
    how = ("--isolation", "chroot", "--format", "docker", "--pull-never", "--layers")
    what = ("--build-arg", f"BASE={_BASE}", "--file", "docker/Dockerfile.cpu", "--tag", _IMAGE)
    _buildah("build", *how, *trust, *what, str(ROOT))


def _buildah(*words: str) -> str:
    where = ("--root", str(CACHE / "storage"), "--runroot", str(CACHE / "run"))
    return _run("buildah", *where, "--storage-driver", "vfs", *words)


def _run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout[-2000:] + done.stderr[-4000:])
        raise SystemExit(f"{' '.join(command[:1])} failed: exit status {done.returncode}")
    return done.stdout
