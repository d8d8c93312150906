"""The one pipeline definition: from raw IDX files to a pushed model, for every runner."""

from tensorflow_data_validation import StatsOptions
from tfx.components.evaluator.component import Evaluator
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.pusher.component import Pusher
from tfx.components.schema_gen.component import SchemaGen
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.components.trainer.component import Trainer
from tfx.components.transform.component import Transform
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import example_gen_pb2, pusher_pb2, trainer_pb2
from tfx.types import Channel
from tfx.types.standard_artifacts import Model, ModelBlessing

from components.baseline_model.strategy import BaselineModelStrategy
from components.code_digest import code_digest
from components.idx_example_gen.component import IdxExampleGen
from components.schema_importer.component import SchemaImporter
from pipeline.config import PipelineConfig
from pipeline.evaluation import make_eval_config


def create_pipeline(config: PipelineConfig) -> Pipeline:
    """Wires the components as the data flows; a new pipeline on every call, as compilers need."""
    buckets = config.examples
    example_gen = IdxExampleGen(
        input_base=config.data_root,
        output_config=example_gen_pb2.Output(
            split_config=example_gen_pb2.SplitConfig(
                splits=[
                    {"name": "train", "hash_buckets": buckets.train_hash_buckets},
                    {"name": "eval", "hash_buckets": buckets.eval_hash_buckets},
                ]
            )
        ),
        num_classes=config.training.num_classes,
        rows_per_shard=config.examples.rows_per_shard,
    )
    examples = example_gen.outputs["examples"]

    # The curated contract is what the data must obey; the inferred schema is what it looks like.
    schema_importer = SchemaImporter(schema_file=config.schema_path)
    schema = schema_importer.outputs["schema"]
    statistics_gen = StatisticsGen(
        examples=examples,
        schema=schema,
        stats_options=StatsOptions(use_sketch_based_topk_uniques=True),
    )
    statistics = statistics_gen.outputs["statistics"]
    schema_gen = SchemaGen(statistics=statistics)
    example_validator = ExampleValidator(statistics=statistics, schema=schema)

    # Only the graph is written: applying it while training is cheaper than storing its output.
    transform = Transform(
        examples=examples,
        schema=schema,
        preprocessing_fn="modules.preprocessing.preprocessing_fn",
        materialize=False,
        disable_statistics=True,
        custom_config={"code_digest": code_digest("modules.preprocessing")},
    )
    trainer = Trainer(
        examples=examples,
        transform_graph=transform.outputs["transform_graph"],
        schema=schema,
        run_fn="modules.trainer.run_fn",
        train_args=trainer_pb2.TrainArgs(splits=["train"]),
        eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
        custom_config={
            "hyperparameters": config.training.model_dump(),
            "backup_root": f"{config.pipeline_root}/Trainer/backup",
            "code_digest": code_digest("modules.trainer"),
        },
    )
    model = trainer.outputs["model"]

    baseline_resolver = Resolver(
        strategy_class=BaselineModelStrategy,
        candidate=model,
        model=Channel(type=Model),
        model_blessing=Channel(type=ModelBlessing),
    ).with_id("latest_blessed_model_resolver")
    evaluator = Evaluator(
        examples=examples,
        model=model,
        baseline_model=baseline_resolver.outputs["model"],
        example_splits=["test"],
        eval_config=make_eval_config(config.thresholds),
    )
    pusher = Pusher(
        model=model,
        model_blessing=evaluator.outputs["blessing"],
        push_destination=pusher_pb2.PushDestination(
            filesystem={"base_directory": config.serving_model_dir}
        ),
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
            transform,
            trainer,
            baseline_resolver,
            evaluator,
            pusher,
        ],
    )
