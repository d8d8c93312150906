"""What all parts of a report's content have in common (no TensorFlow)."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of what a report says: frozen, and written as JSON and read back unchanged."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Missing(Part):
    """Stands for a part that could not be made.

    Attributes:
      reason: Why, in a sentence that a person reads.
    """

    reason: str
