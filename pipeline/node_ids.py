"""The ids of the pipeline's nodes, for who must know them before TFX is loaded."""

NODE_IDS = (
    "IdxExampleGen",
    "SchemaImporter",
    "StatisticsGen",
    "ExampleValidator",
    "SchemaGen",
    "previous_statistics_resolver",
    "AnomalyGate",
    "Transform",
    "Trainer",
    "ServabilityValidator",
    "latest_blessed_model_resolver",
    "Evaluator",
    "Pusher",
)
"""In the order of the flow. `pipeline.pipeline` wires the nodes; a test compares the two."""
