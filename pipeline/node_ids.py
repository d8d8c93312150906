"""The ids of the pipeline's nodes, for all who name one (standard library only)."""

IDX_EXAMPLE_GEN = "IdxExampleGen"
SCHEMA_IMPORTER = "SchemaImporter"
STATISTICS_GEN = "StatisticsGen"
EXAMPLE_VALIDATOR = "ExampleValidator"
SCHEMA_GEN = "SchemaGen"
PREVIOUS_STATISTICS_RESOLVER = "previous_statistics_resolver"
ANOMALY_GATE = "AnomalyGate"
TRANSFORM = "Transform"
TRAINER = "Trainer"
SERVABILITY_VALIDATOR = "ServabilityValidator"
LATEST_BLESSED_MODEL_RESOLVER = "latest_blessed_model_resolver"
EVALUATOR = "Evaluator"
MODEL_EXPORTER = "ModelExporter"
PUSHER = "Pusher"

NODE_IDS = (
    IDX_EXAMPLE_GEN,
    SCHEMA_IMPORTER,
    STATISTICS_GEN,
    EXAMPLE_VALIDATOR,
    SCHEMA_GEN,
    PREVIOUS_STATISTICS_RESOLVER,
    ANOMALY_GATE,
    TRANSFORM,
    TRAINER,
    SERVABILITY_VALIDATOR,
    LATEST_BLESSED_MODEL_RESOLVER,
    EVALUATOR,
    MODEL_EXPORTER,
    PUSHER,
)
"""In the order of the flow. `pipeline.pipeline` wires the nodes; a test compares the two.

MODEL_EXPORTER is there only if exports are asked for.
"""
