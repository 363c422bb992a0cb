"""A program of an image as a container would run it: nobody in particular, on a read-only root."""

import shlex
from dataclasses import dataclass
from pathlib import Path

USER = "10001:10001"


@dataclass(frozen=True, slots=True)
class Inside:
    """An image's root with the two places that may be written."""

    root: Path
    home: Path

    def command(self, *words: str) -> list[str]:
        """What starts a program of the image; it ends with that program, whose process it is.

        The mounts are seen by that process alone and are gone with it.
        """
        root = shlex.quote(str(self.root))
        mounts = (
            f"mount --bind {root} {root}",
            f"mount --bind {shlex.quote(str(self.home))} {root}/var/lib/yardlight",
            f"mount -t tmpfs tmpfs {root}/tmp",  # noqa: S108 - its own
            f"mount -t proc proc {root}/proc",
            f"mount --rbind /dev {root}/dev",
            f"mount -o remount,ro,bind {root}",
        )
        inside = (
            *("chroot", f"--userspec={USER}", str(self.root)),
            *("/usr/bin/env", "-i", "PATH=/opt/yardlight/bin:/usr/bin:/bin"),
            *("HOME=/var/lib/yardlight", "PYTHONDONTWRITEBYTECODE=1", "COLUMNS=100", *words),
        )
        script = " && ".join([*mounts, f"exec {shlex.join(inside)}"])
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
