"""What a report says of the training."""

from typing import Any

from components.run_report.content.part import Part


class Curve(Part):
    """A metric by epoch.

    Attributes:
      name: As Keras calls it.
      values: From the first epoch on.
    """

    name: str
    values: tuple[float, ...]


class Training(Part):
    """How a model was trained.

    Attributes:
      curves: Loss and metrics, those of validation under Keras' names `val_...`.
      chosen_epoch: The epoch whose weights were exported, from 1.
      hyperparameters: Their values, by name; empty if they are not known.
      tuned: The names of those that a Tuner has chosen.
      replicas: How many devices shared each batch; 0 if that is not known.
      devices: Of which kind they were; "" if that is not known.
    """

    curves: tuple[Curve, ...]
    chosen_epoch: int
    hyperparameters: dict[str, Any]
    tuned: tuple[str, ...] = ()
    replicas: int = 0
    devices: str = ""
