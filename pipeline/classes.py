"""Which classes a model must be measured on: those that the contract expects (no TensorFlow)."""

from components.schema_importer.completion import complete_schema, find_label_domain
from components.schema_importer.contract import Contract
from pipeline.config import PipelineConfig


def measured_classes(contract: Contract, config: PipelineConfig) -> tuple[int, ...]:
    """Returns the classes that must have rows in the test split, in order.

    They are those of the label's domain in the contract that the model can answer, but for those
    that `thresholds.unmeasured_classes` names. EMNIST's letters begin at 1, and so does their
    domain: nothing is missing where class 0 has no rows.

    Raises:
      ValueError: The contract leaves no class to measure, or an unmeasured class is none.
    """
    domain = find_label_domain(complete_schema(contract.schema, config.data))
    num_classes = config.data.num_classes
    expected = range(domain.min, domain.max + 1)
    unmeasured = set(config.thresholds.unmeasured_classes)
    if not unmeasured <= set(range(num_classes)):
        raise ValueError(
            f"thresholds.unmeasured_classes: expected classes from 0 to {num_classes - 1} "
            f"(data.num_classes is {num_classes}), received "
            f"{sorted(unmeasured - set(range(num_classes)))}."
        )
    measured = tuple(label for label in expected if label not in unmeasured)
    if not measured:
        raise ValueError(
            f"{contract.path}: expected one class or more to judge a model by, received labels "
            f"from {domain.min} to {domain.max} and "
            f"thresholds.unmeasured_classes {sorted(unmeasured)}. Correct one of them."
        )
    return measured
