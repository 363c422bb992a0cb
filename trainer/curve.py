"""The learning curve: loss and accuracy, epoch by epoch."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Score:
    """Loss and accuracy over the pictures that went by."""

    pictures: int = 0
    correct: int = 0
    total_loss: float = 0.0

    def add(self, pictures: int, correct: int, loss: float) -> None:
        """Add a batch with its mean loss."""
        self.pictures += pictures
        self.correct += correct
        self.total_loss += loss * pictures

    @property
    def sums(self) -> tuple[float, float, float]:
        return self.pictures, self.correct, self.total_loss

    @classmethod
    def of(cls, sums: Sequence[float]) -> "Score":
        """Of `sums` that were added up."""
        pictures, correct, total_loss = sums
        return cls(int(pictures), int(correct), total_loss)

    @property
    def loss(self) -> float:
        return self.total_loss / self.pictures

    @property
    def accuracy(self) -> float:
        return self.correct / self.pictures


@dataclass(frozen=True, slots=True)
class Epoch:
    """One point of the curve. Training figures are of augmented pictures, so they may be lower."""

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float

    @classmethod
    def of(cls, epoch: int, learned: Score, measured: Score, rate: float) -> "Epoch":
        """`rate` is the learning rate at the epoch's first step."""
        return cls(epoch, learned.loss, learned.accuracy, measured.loss, measured.accuracy, rate)

    def line(self, epochs: int) -> str:
        return (
            f"epoch {self.epoch:>{len(str(epochs))}}/{epochs}: "
            f"train loss {self.train_loss:.4f} accuracy {self.train_accuracy:.4f}, "
            f"val loss {self.val_loss:.4f} accuracy {self.val_accuracy:.4f}, "
            f"lr {self.learning_rate:.1e}"
        )
