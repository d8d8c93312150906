"""The doctor's look at what a run reads: the data contract and the data (no TensorFlow)."""

from pathlib import Path

from components.data_sets.checking import check_data_set
from components.data_sets.errors import DataSetError
from components.data_sets.finding import Format
from components.data_sets.storage import is_remote
from components.schema_importer.contract import read_contract
from pipeline.classes import measured_classes
from pipeline.config import PipelineConfig
from runners.datasets.checksums import CHECKSUM_FILE, DatasetError, verify
from runners.doctor.finding import Finding, Severity


def check_contract(config: PipelineConfig) -> Finding:
    """Checks that the contract is a schema, and leaves classes to measure a model on."""
    if is_remote(config.schema_path):
        return Finding("contract", Severity.NOTE, f"{config.schema_path} is remote: not looked at")
    try:
        classes = measured_classes(read_contract(config.schema_path), config)
    except (OSError, ValueError) as error:
        return Finding("contract", Severity.FIX, str(error))
    found = f"{config.schema_path}, with {len(classes)} classes to measure"
    return Finding("contract", Severity.OK, found)


def check_data(config: PipelineConfig) -> Finding:
    """Checks that the files are what a run takes and, where sums lie beside them, intact.

    Args:
      config: Tells the folder of the files, and how many classes there are.
    """
    data_root = config.data_root
    if is_remote(data_root):
        return Finding("data", Severity.NOTE, f"{data_root} is remote: not looked at")
    files = "four IDX files" if config.data.format is Format.IDX else f"{config.data.format} data"
    try:
        check_data_set(data_root, config.data.layout, config.data.spec)
        if not Path(data_root, CHECKSUM_FILE).exists():
            found = f"{files} in {data_root}, no {CHECKSUM_FILE} to verify them with"
            return Finding(
                "data", Severity.NOTE, found, f"sha256sum the plain files > {CHECKSUM_FILE}"
            )
        verify(Path(data_root))
    except (DataSetError, DatasetError) as error:
        return Finding("data", Severity.FIX, str(error))
    return Finding("data", Severity.OK, f"{files} in {data_root}, checksums right")
