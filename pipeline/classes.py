"""Which classes a model must be measured on: those that the contract expects (no TensorFlow)."""

from tensorflow_metadata.proto.v0.schema_pb2 import IntDomain, Schema

from components.schema_importer.contract import Contract
from modules.features import LABEL_KEY
from pipeline.config import PipelineConfig


def measured_classes(contract: Contract, config: PipelineConfig) -> tuple[int, ...]:
    """Returns the classes that must have rows in the test split, in order.

    They are those of the label's domain in the contract that the model can answer, but for those
    that `thresholds.unmeasured_classes` names. EMNIST's letters begin at 1, and so does their
    domain: nothing is missing where class 0 has no rows.

    Raises:
      ValueError: The contract leaves no class to measure, or an unmeasured class is none.
    """
    domain = _find_label_domain(contract.schema)
    num_classes = config.training.num_classes
    first = domain.min if domain.HasField("min") else 0
    last = domain.max if domain.HasField("max") else num_classes - 1
    expected = range(max(first, 0), min(last + 1, num_classes))
    unmeasured = set(config.thresholds.unmeasured_classes)
    if not unmeasured <= set(range(num_classes)):
        raise ValueError(
            f"thresholds.unmeasured_classes: expected classes from 0 to {num_classes - 1} "
            f"(training.num_classes is {num_classes}), received "
            f"{sorted(unmeasured - set(range(num_classes)))}."
        )
    measured = tuple(label for label in expected if label not in unmeasured)
    if not measured:
        raise ValueError(
            f"{contract.path}: expected one class or more to judge a model by, received a "
            f"label from {first} to {last}, training.num_classes {num_classes} and "
            f"thresholds.unmeasured_classes {sorted(unmeasured)}. Correct one of them."
        )
    return measured


def _find_label_domain(schema: Schema) -> IntDomain:
    """Returns the domain of the label, an unbounded one if the schema has none."""
    shared = {domain.name: domain for domain in schema.int_domain}
    for feature in schema.feature:
        if feature.name == LABEL_KEY:
            return shared.get(feature.domain, feature.int_domain)
    return IntDomain()
