"""The ids of the pipeline's nodes, and what each waits for (standard library only)."""

from collections.abc import Mapping
from types import MappingProxyType

IDX_EXAMPLE_GEN = "IdxExampleGen"
SCHEMA_IMPORTER = "SchemaImporter"
STATISTICS_GEN = "StatisticsGen"
EXAMPLE_VALIDATOR = "ExampleValidator"
SCHEMA_GEN = "SchemaGen"
PREVIOUS_STATISTICS_RESOLVER = "previous_statistics_resolver"
ANOMALY_GATE = "AnomalyGate"
TRANSFORM = "Transform"
TUNER = "Tuner"
TRAINER = "Trainer"
SERVABILITY_VALIDATOR = "ServabilityValidator"
LATEST_BLESSED_MODEL_RESOLVER = "latest_blessed_model_resolver"
EVALUATOR = "Evaluator"
MODEL_EXPORTER = "ModelExporter"
PUSHER = "Pusher"
RUN_REPORT = "RunReport"

UPSTREAM: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        IDX_EXAMPLE_GEN: (),
        SCHEMA_IMPORTER: (),
        STATISTICS_GEN: (IDX_EXAMPLE_GEN, SCHEMA_IMPORTER),
        EXAMPLE_VALIDATOR: (STATISTICS_GEN, SCHEMA_IMPORTER),
        SCHEMA_GEN: (STATISTICS_GEN,),
        PREVIOUS_STATISTICS_RESOLVER: (STATISTICS_GEN,),
        ANOMALY_GATE: (
            IDX_EXAMPLE_GEN,
            EXAMPLE_VALIDATOR,
            STATISTICS_GEN,
            SCHEMA_IMPORTER,
            PREVIOUS_STATISTICS_RESOLVER,
        ),
        TRANSFORM: (IDX_EXAMPLE_GEN, SCHEMA_IMPORTER, ANOMALY_GATE),
        TUNER: (IDX_EXAMPLE_GEN, TRANSFORM, SCHEMA_IMPORTER),
        TRAINER: (IDX_EXAMPLE_GEN, TRANSFORM, SCHEMA_IMPORTER, TUNER),
        SERVABILITY_VALIDATOR: (TRAINER, IDX_EXAMPLE_GEN),
        LATEST_BLESSED_MODEL_RESOLVER: (TRAINER,),
        EVALUATOR: (IDX_EXAMPLE_GEN, TRAINER, LATEST_BLESSED_MODEL_RESOLVER),
        MODEL_EXPORTER: (TRAINER, EVALUATOR, SERVABILITY_VALIDATOR, IDX_EXAMPLE_GEN),
        RUN_REPORT: (
            IDX_EXAMPLE_GEN,
            STATISTICS_GEN,
            PREVIOUS_STATISTICS_RESOLVER,
            SCHEMA_IMPORTER,
            EXAMPLE_VALIDATOR,
            TRAINER,
            EVALUATOR,
            SERVABILITY_VALIDATOR,
            TUNER,
        ),
        PUSHER: (
            TRAINER,
            EVALUATOR,
            SERVABILITY_VALIDATOR,
            IDX_EXAMPLE_GEN,
            MODEL_EXPORTER,
            TUNER,
        ),
    }
)
"""What each node waits for, in the order of the flow, for who draws it.

`pipeline.pipeline` wires the nodes; a test compares the two. Those on request are not always there.
"""

NODES_ON_REQUEST: Mapping[str, str] = MappingProxyType(
    {MODEL_EXPORTER: "exports", TUNER: "tuning.enabled"}
)
"""Nodes that are not always there, and the configuration key that asks for each."""

NODE_IDS = tuple(UPSTREAM)
"""In the order of the flow."""
