"""The section `data` of the configuration (no TensorFlow)."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from components.data_sets.finding import Format, Layout
from modules.data_spec import DataSpec
from pipeline.paths import here_or_installed


def _find_if_any(path: str) -> str:
    return here_or_installed(path) if path else path


_NO_NAME = r"/\*?["  # but a path, or a pattern of several


class Data(DataSpec):
    """What the data are, and how they lie in `data_root`."""

    format: Format = Field(
        Format.IDX,
        description="idx: four IDX files; npz: x_train, y_train, x_test and y_test in one archive; "
        "images: pictures in folders by class, below train and test; tfrecord: examples, in "
        "folders train, eval and test.",
    )
    name: str = Field(
        "",
        description="Which of several data sets in data_root: `balanced` of EMNIST's files, an "
        "archive without its ending, or a folder.",
    )
    transpose: bool = Field(
        False, description="Exchange rows and columns of each image, as EMNIST's files need it."
    )
    class_names_path: Annotated[str, AfterValidator(_find_if_any)] = Field(
        "",
        description="File to read data.class_names from: one in a line, or a mapping of EMNIST's.",
    )

    @field_validator("name")
    @classmethod
    def _is_in_data_root(cls, name: str) -> str:
        if name in {".", ".."} or set(name) & set(_NO_NAME):
            raise ValueError(
                f"expected what one file or folder is called, without any of {_NO_NAME}"
            )
        return name

    @field_validator("class_names_path")
    @classmethod
    def _has_been_read(cls, path: str, info: ValidationInfo) -> str:
        if path and info.data.get("class_names") == ():
            raise ValueError("expected data.class_names with it, as load_config reads them from it")
        return path

    @field_validator("transpose")
    @classmethod
    def _is_for_idx(cls, transpose: bool, info: ValidationInfo) -> bool:  # noqa: FBT001
        if transpose and info.data.get("format") is not Format.IDX:
            raise ValueError("only the files of data.format=idx can be transposed. Leave it out")
        return transpose

    @property
    def spec(self) -> DataSpec:
        """What the data are, wherever they come from."""
        return DataSpec.model_validate(self.model_dump(include=set(DataSpec.model_fields)))

    @property
    def layout(self) -> Layout:
        """How they lie in their folder."""
        return Layout(format=self.format, name=self.name, is_transposed=self.transpose)
