"""The source files of examples, as IdxExampleGen notes them on its artifact (no TensorFlow).

Whoever writes the notes and whoever reads them finds their names here.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from itertools import takewhile

from components.data_sets.data_set import DataSet, list_files

# What TFX's own ExampleGens note of their input.
_INPUT_FINGERPRINT = "input_fingerprint"
_FOLDER_PROPERTY = "input_folder"
_NAME_LENGTH = 12
_CONTENTS = ("images", "labels")


def note_source_files(data_set: DataSet, digests: Mapping[str, str]) -> dict[str, str]:
    """Returns the properties to note: the folder, and for each file a line for `sha256sum --check`.

    Where one content has files of its own for each row, the line is of their list: of all those
    lines, sorted.

    Args:
      data_set: The paths of the files.
      digests: SHA-256 of each file, by its path.
    """
    place = _find_common_folder(list_files(data_set))
    return {
        _FOLDER_PROPERTY: place,
        **{
            _property_name(split, content): _make_line(
                {path.removeprefix(f"{place}/"): digests[path] for path in paths}
            )
            for split, part in data_set._asdict().items()
            for content, paths in part.files.items()
        },
    }


def _make_line(digests: Mapping[str, str]) -> str:
    lines = [f"{digest}  {name}" for name, digest in sorted(digests.items())]
    if len(lines) == 1:
        return lines[0]
    digest = _digest("\n".join(lines))
    folder = _find_common_folder(list(digests))
    return f"{digest}  {folder} ({len(lines):,} files)"


def source_files(
    properties: Mapping[str, str], splits: Iterable[str] = DataSet._fields
) -> dict[str, str]:
    """Returns the SHA-256 of each source file, by its name; empty if none is noted.

    Args:
      properties: Custom properties of an Examples artifact, as `note_source_files` makes them.
        There may be others among them.
      splits: Of which of the data set's parts, all by default.
    """
    names = (_property_name(split, content) for split in splits for content in _CONTENTS)
    lines = sorted(properties[name] for name in names if name in properties)
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def describe_source(properties: Mapping[str, str]) -> str:
    """Returns in words where examples came from.

    Args:
      properties: As for `source_files`.
    """
    names = sorted(source_files(properties))
    if not names:
        return "not noted on the examples; the input of their ExampleGen tells"
    return f"{', '.join(names)} in {properties.get(_FOLDER_PROPERTY, 'a folder that is not noted')}"


def name_data(properties: Mapping[str, str]) -> str:
    """Returns a short name of the data, which others do not have; of another ExampleGen's, too.

    What files are called changes nothing; what they are used as, and how they are packed, does.

    Args:
      properties: As for `source_files`.

    Returns:
      Hexadecimal digits, or "" if nothing is noted that tells the data from others.
    """
    digest = digest_source(properties) or _digest(properties.get(_INPUT_FINGERPRINT, ""))
    return digest[:_NAME_LENGTH]


def digest_source(properties: Mapping[str, str]) -> str:
    """Returns the SHA-256 of all that the source files hold; "" if none is noted.

    Args:
      properties: As for `source_files`.
    """
    roles = (_property_name(split, part) for split in DataSet._fields for part in _CONTENTS)
    digests = {role: properties[role].partition(" ")[0] for role in roles if role in properties}
    return _digest(json.dumps(digests) if digests else "")


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest() if content else ""


def _find_common_folder(paths: list[str]) -> str:
    """Returns the folder that all files are in or below, of local paths and of gs:// alike."""
    steps = zip(*(path.split("/")[:-1] for path in paths), strict=False)
    return "/".join(names[0] for names in takewhile(lambda names: len(set(names)) == 1, steps))


def _property_name(split: str, content: str) -> str:
    return f"source_{split}_{content}"
