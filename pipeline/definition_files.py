"""The files that are read while the pipeline is defined (no TensorFlow)."""

from dataclasses import dataclass

from components.run_report.model_card import read_card
from components.schema_importer.contract import Contract, read_contract
from pipeline.config import PipelineConfig


@dataclass(frozen=True, kw_only=True)
class DefinitionFiles:
    """What the files hold; the pipeline's nodes find the same at the paths of the configuration.

    Attributes:
      contract: The data contract.
      model_card: The model card in Markdown, or a sentence that says why there is none.
    """

    contract: Contract
    model_card: str


def read_definition_files(config: PipelineConfig) -> DefinitionFiles:
    """Reads the files at the paths of `config`.

    Raises:
      FileNotFoundError: The contract is missing.
      ValueError: The contract is no schema, or cannot be read.
    """
    return DefinitionFiles(
        contract=read_contract(config.schema_path), model_card=read_card(config.model_card_path)
    )
