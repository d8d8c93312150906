"""The exports that a version carries, and what was measured of them (standard library only)."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

EXPORTS_PATH = "assets.extra/exports"
"""Where a version keeps its exports, a folder for each format; TensorFlow ignores what is there."""

MANIFEST_NAME = "exports.json"


@dataclass(frozen=True, kw_only=True)
class ExportRecord:
    """An exported file that has answered as the SavedModel does.

    Attributes:
      format: Its format, and the name of its folder.
      files: SHA-256 of each file, by its path within the folder.
      num_bytes: Size of all of them.
      test_images: How many images it was compared on.
      agreement: Share of them for which it named the SavedModel's class.
      max_difference: The most that a probability differed.
      latency_ms: Median wall time of one image on one core.
      peak_memory_bytes: The most that the process held which answered, runtime included.
      conversion_seconds: CPU seconds of the conversion, without imports.
      calibration_images: How many images an int8 model's ranges come from; 0 for others.
      calibration_digest: SHA-256 of those images, "" for others.
      tools: Version of what converted and answered, by name.
    """

    format: str
    files: dict[str, str]
    num_bytes: int
    test_images: int
    agreement: float
    max_difference: float
    latency_ms: float
    peak_memory_bytes: int
    conversion_seconds: float
    calibration_images: int = 0
    calibration_digest: str = ""
    tools: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class ExportManifest:
    """What came of all the formats that were asked for.

    Attributes:
      exports: Those that are there.
      faults: Why others are not, sentences by format.
    """

    exports: tuple[ExportRecord, ...] = ()
    faults: dict[str, tuple[str, ...]]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why formats are not there, a sentence each."""
        return tuple(f"{name}: {fault}" for name, faults in self.faults.items() for fault in faults)

    def render(self) -> str:
        """Returns it as JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"


def parse_manifest(text: str) -> ExportManifest:
    """Reads what `render` returned."""
    content = json.loads(text)
    return ExportManifest(
        exports=parse_exports(content["exports"]),
        faults={name: tuple(faults) for name, faults in content["faults"].items()},
    )


def parse_exports(content: list[dict[str, Any]]) -> tuple[ExportRecord, ...]:
    """Reads records from their JSON."""
    return tuple(ExportRecord(**record) for record in content)


def read_exports(folder: Path) -> tuple[ExportRecord, ...]:
    """Returns the records of the exports in the folder of a version; none if it has none."""
    path = folder / EXPORTS_PATH / MANIFEST_NAME
    if not path.exists():
        return ()
    return parse_manifest(path.read_text(encoding="utf-8")).exports
