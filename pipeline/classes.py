"""Which classes a model must be measured on: those that the contract expects (no TensorFlow)."""

from components.schema_importer.completion import find_labels
from components.schema_importer.contract import Contract
from pipeline.config import PipelineConfig


def measured_classes(contract: Contract, config: PipelineConfig) -> tuple[int, ...]:
    """Returns the classes that must have rows in the test split, in order.

    They are those that the contract expects, but for those that `thresholds.unmeasured_classes`
    names. EMNIST's letters begin at 1, and so does their domain: nothing is missing where class 0
    has no rows.

    Raises:
      ValueError: The contract leaves no class to measure, or an unmeasured class is none.
    """
    expected = find_labels(contract, config.data.spec)
    num_classes = config.data.num_classes
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
            f"from {expected[0]} to {expected[-1]} and "
            f"thresholds.unmeasured_classes {sorted(unmeasured)}. Correct one of them."
        )
    return measured
