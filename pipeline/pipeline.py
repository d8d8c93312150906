"""The one pipeline definition: from raw data files to a pushed model, for every runner."""

from collections.abc import Callable
from typing import Any

from tensorflow_data_validation import StatsOptions
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.schema_gen.component import SchemaGen
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.components.trainer.component import Trainer
from tfx.components.transform.component import Transform
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import pusher_pb2, trainer_pb2
from tfx.types import BaseChannel

from components.anomaly_gate.acceptance import ACCEPTED_STATISTICS_KEY
from components.anomaly_gate.component import AnomalyGate
from components.atomic_pusher.component import AtomicPusher
from components.baseline_model.strategy import make_baseline_resolver
from components.code_digest import code_digest
from components.evaluator.component import Evaluator
from components.model_exporter.artifact import EXPORTS_KEY
from components.model_exporter.component import ModelExporter
from components.previous_statistics.strategy import make_previous_statistics_resolver
from components.run_report.component import RunReport
from components.schema_importer.component import SchemaImporter
from components.servability_validator.component import ServabilityValidator
from components.tuner.component import Tuner
from modules.data_spec import DATA_SPEC_KEY
from pipeline.classes import measured_classes
from pipeline.config import PipelineConfig
from pipeline.definition_files import DefinitionFiles, read_definition_files
from pipeline.evaluation import make_eval_config
from pipeline.example_gen import make_example_gen
from pipeline.node_ids import (
    LATEST_BLESSED_MODEL_RESOLVER,
    PREVIOUS_STATISTICS_RESOLVER,
    PUSHER,
    TRAINER,
    TUNER,
)


def create_pipeline(
    config: PipelineConfig,
    *,
    files: DefinitionFiles | None = None,
    find_previous_statistics: Callable[[BaseChannel], Resolver] = make_previous_statistics_resolver,
    find_baseline: Callable[[BaseChannel], Resolver] = make_baseline_resolver,
) -> Pipeline:
    """Wires the components as the data flows; a new pipeline on every call, as compilers need.

    What earlier runs left is found in ML Metadata, unless a platform has a store of its own.

    Args:
      config: Everything that can be set.
      files: What is read while the pipeline is defined. Default: it is read where `config` says
        that nodes find it, too.
      find_previous_statistics: Makes the node that finds, as its output `accepted_statistics`,
        what the given statistics are compared with.
      find_baseline: Makes the node that finds, as its output `model`, what the given model is
        compared with.
    """
    files = files or read_definition_files(config)
    example_gen = make_example_gen(config)
    examples = example_gen.outputs["examples"]

    # The curated contract is what the data must obey; the inferred schema is what it looks like.
    schema_importer = SchemaImporter(
        schema_file=config.schema_path,
        data=config.data.spec.without_names,
        contract=files.contract,
    )
    schema = schema_importer.outputs["schema"]
    classes = measured_classes(files.contract, config)
    statistics_gen = StatisticsGen(
        examples=examples,
        schema=schema,
        # Ten buckets, the default, would make noise of the distance between two distributions.
        stats_options=StatsOptions(use_sketch_based_topk_uniques=True, num_histogram_buckets=50),
    )
    statistics = statistics_gen.outputs["statistics"]
    schema_gen = SchemaGen(statistics=statistics)
    example_validator = ExampleValidator(statistics=statistics, schema=schema)
    previous_statistics_resolver = find_previous_statistics(statistics).with_id(
        PREVIOUS_STATISTICS_RESOLVER
    )
    anomaly_gate = AnomalyGate(
        examples=examples,
        anomalies=example_validator.outputs["anomalies"],
        statistics=statistics,
        schema=schema,
        previous_statistics=previous_statistics_resolver.outputs[ACCEPTED_STATISTICS_KEY],
        data=config.data.spec,
        classes=classes,
        min_train_rows=config.examples.min_train_rows,
        max_shared_rows=config.examples.max_shared_rows,
        new_data_accepted_by=config.examples.new_data_accepted_by,
    )

    # Only the graph is written: applying it while training is cheaper than storing its output.
    transform = Transform(
        examples=examples,
        schema=schema,
        preprocessing_fn="modules.preprocessing.preprocessing_fn",
        materialize=False,
        disable_statistics=True,
        custom_config={
            DATA_SPEC_KEY: config.data.spec.without_names.model_dump(mode="json"),
            "code_digest": code_digest("modules.preprocessing"),
        },
    )
    transform.add_upstream_node(anomaly_gate)
    # What is tuned and what is trained see the same examples, and never those of the split test.
    data = {
        "examples": examples,
        "transform_graph": transform.outputs["transform_graph"],
        "schema": schema,
        "train_args": trainer_pb2.TrainArgs(splits=["train"]),
        "eval_args": trainer_pb2.EvalArgs(splits=["eval"]),
    }
    tuner = _make_tuner(config, data) if config.tuning.enabled else None
    best_hyperparameters = tuner.outputs["best_hyperparameters"] if tuner else None
    trainer_digest = code_digest("modules.trainer")
    trainer = Trainer(
        **data,
        run_fn="modules.trainer.run_fn",
        hyperparameters=best_hyperparameters,
        custom_config={
            "hyperparameters": config.training.model_dump(),
            DATA_SPEC_KEY: config.data.spec.model_dump(mode="json"),
            "backup_root": f"{config.pipeline_root}/{TRAINER}/backup",
            "code_digest": trainer_digest,
        },
    )
    model = trainer.outputs["model"]

    baseline_resolver = find_baseline(model).with_id(LATEST_BLESSED_MODEL_RESOLVER)
    evaluator = Evaluator(
        examples=examples,
        model=model,
        model_run=trainer.outputs["model_run"],
        baseline_model=baseline_resolver.outputs["model"],
        eval_config=make_eval_config(config.thresholds, classes),
        max_eval_gap=config.thresholds.max_eval_gap,
    )
    servability_validator = ServabilityValidator(
        model=model,
        model_run=trainer.outputs["model_run"],
        examples=examples,
        data=config.data.spec,
        max_p99_latency_ms=config.thresholds.max_p99_latency_ms,
    )
    blessings = {
        "model_blessing": evaluator.outputs["blessing"],
        "infra_blessing": servability_validator.outputs["blessing"],
    }
    model_exporter = None
    if config.exports:
        model_exporter = ModelExporter(
            model=model,
            **blessings,
            examples=examples,
            data=config.data.spec,
            formats=config.exports,
            required=config.exports_required,
            model_code_digest=trainer_digest,
        )
    pusher = AtomicPusher(
        model=model,
        **blessings,
        evaluation=evaluator.outputs["evaluation"],
        examples=examples,
        exports=model_exporter.outputs[EXPORTS_KEY] if model_exporter else None,
        best_hyperparameters=best_hyperparameters,
        data=config.data.spec,
        push_destination=pusher_pb2.PushDestination(
            filesystem={"base_directory": config.serving_model_dir}
        ),
        keep_versions=config.keep_versions,
        model_code_digest=trainer_digest,
    ).with_id(PUSHER)
    run_report = RunReport(
        examples=examples,
        statistics=statistics,
        previous_statistics=previous_statistics_resolver.outputs[ACCEPTED_STATISTICS_KEY],
        schema=schema,
        anomalies=example_validator.outputs["anomalies"],
        model=model,
        model_run=trainer.outputs["model_run"],
        evaluation=evaluator.outputs["evaluation"],
        infra_blessing=servability_validator.outputs["blessing"],
        tuner_results=tuner.outputs["tuner_results"] if tuner else None,
        data=config.data.spec,
        max_p99_latency_ms=config.thresholds.max_p99_latency_ms,
        model_card=files.model_card,
        model_code_digest=trainer_digest,
    )
    return Pipeline(
        pipeline_name=config.pipeline_name,
        pipeline_root=config.pipeline_root,
        enable_cache=config.enable_cache,
        beam_pipeline_args=list(config.beam_pipeline_args),
        components=[
            example_gen,
            schema_importer,
            statistics_gen,
            schema_gen,
            example_validator,
            previous_statistics_resolver,
            anomaly_gate,
            transform,
            *([tuner] if tuner else []),
            trainer,
            baseline_resolver,
            evaluator,
            servability_validator,
            *([model_exporter] if model_exporter else []),
            pusher,
            run_report,
        ],
    )


def _make_tuner(config: PipelineConfig, data: dict[str, Any]) -> Tuner:
    return Tuner(
        **data,
        tuner_fn="modules.tuner.tuner_fn",
        custom_config={
            "hyperparameters": config.training.model_dump(),
            DATA_SPEC_KEY: config.data.spec.without_names.model_dump(mode="json"),
            "tuning": config.tuning.model_dump(),
            "backup_root": f"{config.pipeline_root}/{TUNER}/backup",
            "code_digest": code_digest("modules.tuner"),
        },
    )
