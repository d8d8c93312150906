"""What the configuration says of the data, against what the last run found; imports TensorFlow."""

from collections.abc import Iterator
from typing import Final

from components.schema_importer.completion import (
    ContradictionError,
    complete_schema,
    find_bounds,
    find_domains,
)
from components.schema_importer.contract import Contract
from modules.data_spec import DataSpec
from modules.features import HEIGHT_KEY, LABEL_KEY, WIDTH_KEY
from runners.schema.inferred import InferredSchema, relax_schema

_KEYS: Final = {
    HEIGHT_KEY: "data.height",
    WIDTH_KEY: "data.width",
    LABEL_KEY: "data.num_classes",
}


def find_misfits(contract: Contract, data: DataSpec, inferred: InferredSchema) -> Iterator[str]:
    """Yields a sentence for each size or label that the configuration does not allow.

    No contract can take these over: it narrows what the configuration says, and never widens it.

    Args:
      contract: As it is, or would be.
      data: What the configuration says.
      inferred: From the data of the last run.
    """
    try:
        completed = complete_schema(contract, data)
    except ContradictionError as error:
        yield str(error)
        return
    bounds = find_bounds(data)
    for name, domain in find_domains(relax_schema(completed, inferred), bounds):
        low, high = bounds[name]
        beyond = [value for value in (domain.min, domain.max) if not low <= value <= high]
        if beyond:
            yield (
                f"feature {name}: {_KEYS[name]} allows {low} to {high}, the data have "
                f"{' and '.join(map(str, beyond))}. Correct {_KEYS[name]}, or the data."
            )
