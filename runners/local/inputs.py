"""What a run on this machine needs before it loads TensorFlow (no TensorFlow)."""

from components.data_sets.checking import check_data_set
from components.data_sets.storage import is_remote
from components.schema_importer.contract import read_contract
from pipeline.classes import measured_classes
from pipeline.config import PipelineConfig


def check_inputs(config: PipelineConfig) -> None:
    """Checks contract and data files as far as that takes no time: all but the images.

    What is not on this machine is left to the nodes.

    Raises:
      FileNotFoundError: The contract is missing.
      ValueError: The contract or a file of the data is not as expected.
    """
    if not is_remote(config.schema_path):
        measured_classes(read_contract(config.schema_path), config)
    if not is_remote(config.data_root):
        check_data_set(config.data_root, config.data.layout, config.data.spec)
