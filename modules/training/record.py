"""What a training was: its settings and the devices that it ran on, kept beside its history."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

RECORD_FILE: Final = "training.json"
"""Its name in the model run."""


class TrainingRecord(BaseModel):
    """What a person asks of a training that is over.

    Attributes:
      hyperparameters: All of them; plain values, so that later versions still read them.
      replicas: How many devices shared each batch.
      devices: TensorFlow's names of those that the writing process had.
      tuned: The names of those hyperparameters that a Tuner has chosen.
      eval_rows: How many rows validation is on; None in a record of a version that did not say so.
    """

    model_config = ConfigDict(frozen=True)

    hyperparameters: dict[str, Any]
    replicas: int
    devices: tuple[str, ...]
    tuned: tuple[str, ...] = ()
    eval_rows: int | None = None
