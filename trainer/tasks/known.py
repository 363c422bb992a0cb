"""The task of a bundle, and of what is to become one."""

from collections.abc import Mapping

from deploy.bundle.manifest import Activation
from trainer.tasks.many_labels import ManyLabels
from trainer.tasks.one_label import OneLabel
from trainer.tasks.task import Task

_TASKS: Mapping[Activation, Task] = {"softmax": OneLabel(), "sigmoid": ManyLabels()}


def task_of(activation: Activation) -> Task:
    """The task whose probabilities are made that way."""
    return _TASKS[activation]
