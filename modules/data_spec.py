"""What the data are, wherever they come from: size of the images, and the classes (no TensorFlow).

All that depends on it is told by this one type: how files are read, what the contract expects, the
model and its signatures. Who meets a served model asks its signatures instead.
"""

from collections.abc import Sequence
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

PIXEL_TYPE: Final = "uint8"
"""The type of a pixel in each channel, as NumPy and TensorFlow call it."""

MAX_PIXEL: Final = 255
"""The largest value of a pixel."""

DATA_SPEC_KEY: Final = "data"
"""Under which name a node is told what the data are: a parameter, or in its custom_config."""

MIN_CLASSES: Final = 2

MAX_CLASSES: Final = 256
"""The label of a row is one byte."""

_MNIST_CLASSES = 10

_CHANNELS = (1, 3)


class DataSpec(BaseModel):
    """Size of the images, and the classes that they are of; the defaults are MNIST's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    height: int = Field(default=28, ge=1, le=4096, description="Rows of each image.")
    width: int = Field(default=28, ge=1, le=4096, description="Columns of each image.")
    channels: int = Field(
        default=1, description="Values of each pixel: 1 is grey, 3 are red, green and blue."
    )
    class_names: tuple[str, ...] = Field(
        default=(),
        max_length=MAX_CLASSES,
        description="Names of the classes, from label 0 on; default: their numbers.",
    )
    num_classes: int = Field(
        default=0,
        le=MAX_CLASSES,
        validate_default=True,
        description="Classes that the model tells apart, 256 at most; 0 for as many as there are "
        "names, or 10.",
    )

    @field_validator("channels")
    @classmethod
    def _are_grey_or_colour(cls, channels: int) -> int:
        if channels not in _CHANNELS:
            raise ValueError(f"expected 1 or 3, received {channels}")
        return channels

    @field_validator("class_names", mode="before")
    @classmethod
    def _are_no_switches(cls, class_names: Any) -> Any:
        """Takes numbers as names; YAML reads 0 as one, and `no` as False."""
        if not isinstance(class_names, list | tuple):
            return class_names
        switches = [name for name in class_names if isinstance(name, bool)]
        if switches:
            raise ValueError(
                f"expected names, received {switches[0]}, as which YAML reads yes, no, on and off, "
                "too: put it in quotes"
            )
        return tuple(str(name) if isinstance(name, int) else name for name in class_names)

    @field_validator("class_names")
    @classmethod
    def _are_names(cls, class_names: tuple[str, ...]) -> tuple[str, ...]:
        for name in class_names:
            if not name.strip() or not name.isprintable():
                raise ValueError(f"expected names on one line each, received {name!r}")
        class_names = tuple(name.strip() for name in class_names)
        twice = sorted({name for name in class_names if class_names.count(name) > 1})
        if twice:
            raise ValueError(f"expected each name once, received {', '.join(twice)} more often")
        return class_names

    @field_validator("num_classes")
    @classmethod
    def _fit_the_names(cls, num_classes: int, info: ValidationInfo) -> int:
        names = info.data.get("class_names", ())
        if num_classes == 0:
            num_classes = len(names) or _MNIST_CLASSES
        if num_classes < MIN_CLASSES:
            raise ValueError(
                f"expected {MIN_CLASSES} to {MAX_CLASSES} classes, received {num_classes}"
            )
        if names and len(names) != num_classes:
            raise ValueError(
                f"expected as many as there are names, received {num_classes} and "
                f"{len(names)} names"
            )
        return num_classes

    @classmethod
    def of_images(cls, image_shape: Sequence[int], class_names: Sequence[str] = ()) -> Self:
        """Returns what is known where only a model is.

        Args:
          image_shape: Height and width, and channels unless there is one.
          class_names: How its classes are called; if that is not known, there may be as many
            classes as can be.
        """
        height, width, *channels = image_shape
        return cls.model_validate(
            {
                "height": height,
                "width": width,
                "channels": channels[0] if channels else 1,
                "class_names": tuple(class_names),
                "num_classes": len(class_names) or MAX_CLASSES,
            }
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """What each class is called, from label 0 on: its name, or else its number."""
        return self.class_names or tuple(map(str, range(self.num_classes)))

    @property
    def without_names(self) -> Self:
        """What is left if classes are called by their numbers: other names change no more."""
        return self.model_copy(update={"class_names": ()})

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of an image as files and clients have it: grey ones have no channels."""
        return self.model_shape if self.channels > 1 else (self.height, self.width)

    @property
    def model_shape(self) -> tuple[int, int, int]:
        """The shape of an image as the model is fed it: height, width, channels."""
        return (self.height, self.width, self.channels)

    def describe_size(self) -> str:
        """Returns the size in words: `28x28`, or `32x32x3`."""
        return "x".join(map(str, self.image_shape))


MNIST: Final = DataSpec()


def read_data_spec(custom_config: dict[str, Any] | None) -> DataSpec:
    """Returns what the pipeline has said of the data; MNIST's if it has said nothing."""
    return DataSpec.model_validate((custom_config or {}).get(DATA_SPEC_KEY, {}))
