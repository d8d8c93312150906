"""The component RunReport; see its executor for what it writes."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts
from tfx.types.standard_component_specs import (
    ANOMALIES_KEY,
    EVALUATION_KEY,
    EXAMPLES_KEY,
    INFRA_BLESSING_KEY,
    MODEL_KEY,
    MODEL_RUN_KEY,
    SCHEMA_KEY,
    STATISTICS_KEY,
    TUNER_RESULTS_KEY,
)

from components.code_digest import code_digest
from components.run_report.artifact import PREVIOUS_STATISTICS_KEY, REPORT_KEY
from components.run_report.executor import (
    EVAL_SPLIT_KEY,
    MAX_P99_LATENCY_KEY,
    MODEL_CARD_KEY,
    MODEL_CODE_DIGEST_KEY,
    TEST_SPLIT_KEY,
    TRAIN_SPLIT_KEY,
    Executor,
)
from components.run_report.page.rendering import TEMPLATES
from modules.data_spec import DATA_SPEC_KEY, MNIST, DataSpec


class RunReportSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of RunReport."""

    PARAMETERS = {  # noqa: RUF012 - TFX reads it as it stands
        TRAIN_SPLIT_KEY: component_spec.ExecutionParameter(type=str),
        EVAL_SPLIT_KEY: component_spec.ExecutionParameter(type=str),
        TEST_SPLIT_KEY: component_spec.ExecutionParameter(type=str),
        MAX_P99_LATENCY_KEY: component_spec.ExecutionParameter(type=float),
        MODEL_CODE_DIGEST_KEY: component_spec.ExecutionParameter(type=str),
        DATA_SPEC_KEY: component_spec.ExecutionParameter(type=str),
        MODEL_CARD_KEY: component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        EXAMPLES_KEY: component_spec.ChannelParameter(type=standard_artifacts.Examples),
        STATISTICS_KEY: component_spec.ChannelParameter(type=standard_artifacts.ExampleStatistics),
        PREVIOUS_STATISTICS_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.ExampleStatistics, optional=True
        ),
        SCHEMA_KEY: component_spec.ChannelParameter(type=standard_artifacts.Schema),
        ANOMALIES_KEY: component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        MODEL_KEY: component_spec.ChannelParameter(type=standard_artifacts.Model),
        MODEL_RUN_KEY: component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
        EVALUATION_KEY: component_spec.ChannelParameter(type=standard_artifacts.ModelEvaluation),
        INFRA_BLESSING_KEY: component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing),
        TUNER_RESULTS_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.TunerResults, optional=True
        ),
    }
    OUTPUTS = {  # noqa: RUF012
        # Of the standard types, which alone compile for Vertex AI, the one that says least else.
        REPORT_KEY: component_spec.ChannelParameter(type=standard_artifacts.InferenceResult),
    }


class RunReport(base_component.BaseComponent):
    """Writes one page on a model: its data, training, evaluation, serving and origin.

    It takes nothing from Pusher, which some runners skip where a model is not blessed: the page is
    there for refused models, too.

    Component `outputs` contains:
      - `report`: Channel of type `standard_artifacts.InferenceResult`: report.html, and report.json
        with all that was measured for it.
    """

    SPEC_CLASS = RunReportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(  # noqa: PLR0913 - it looks at everything
        self,
        *,
        examples: BaseChannel,
        statistics: BaseChannel,
        previous_statistics: BaseChannel,
        schema: BaseChannel,
        anomalies: BaseChannel,
        model: BaseChannel,
        model_run: BaseChannel,
        evaluation: BaseChannel,
        infra_blessing: BaseChannel,
        tuner_results: BaseChannel | None = None,
        data: DataSpec = MNIST,
        max_p99_latency_ms: float,
        model_card: str,
        model_code_digest: str = "",
        train_split: str = "train",
        eval_split: str = "eval",
        test_split: str = "test",
    ) -> None:
        """Constructs the component.

        Args:
          examples: What the model was trained on and judged by.
          statistics: Theirs.
          previous_statistics: The last ones that were accepted, if any.
          schema: The contract.
          anomalies: What ExampleValidator found.
          model: The exported model.
          model_run: What the trainer left beside it.
          evaluation: What the Evaluator measured.
          infra_blessing: What ServabilityValidator found.
          tuner_results: What a Tuner found, if there is one.
          data: What the images are, and how classes are called.
          max_p99_latency_ms: The budget that it held the model to.
          model_card: Markdown for the page.
          model_code_digest: Digest of the code that trained the model.
          train_split: The split that the model learns from.
          eval_split: The split of the same rows that is held out.
          test_split: The split that the model is judged by.
        """
        super().__init__(
            spec=RunReportSpec(
                examples=examples,
                statistics=statistics,
                previous_statistics=previous_statistics,
                schema=schema,
                anomalies=anomalies,
                model=model,
                model_run=model_run,
                evaluation=evaluation,
                infra_blessing=infra_blessing,
                tuner_results=tuner_results,
                train_split=train_split,
                eval_split=eval_split,
                test_split=test_split,
                data=data.model_dump_json(),
                max_p99_latency_ms=max_p99_latency_ms,
                model_code_digest=model_code_digest,
                model_card=model_card,
                code_digest=code_digest(Executor.__module__, files=TEMPLATES),
                report=Channel(type=standard_artifacts.InferenceResult),
            )
        )
