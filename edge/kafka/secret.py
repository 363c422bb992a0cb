"""A secret in a file: read when it is needed, so that a new one counts from the next use on."""

from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.errors import Fatal


@dataclass(frozen=True, slots=True)
class SecretFile:
    """Shows its option and its path wherever it is printed, never what the file holds."""

    option: str
    """The setting that names it, as typed: `sasl-password-file`."""
    path: Path

    def read(self) -> str:
        """The secret without the line break that editors leave at its end.

        Raises:
            Fatal: the file cannot be read, is not text, or is empty.
        """
        try:
            secret = self.path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Fatal(f"{self.option} {self.path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError:
            # Its text would quote a byte of the secret.
            raise Fatal(f"{self.option} {self.path} is not UTF-8 text") from None
        if not secret:
            raise Fatal(f"{self.option} {self.path} is empty")
        return secret
