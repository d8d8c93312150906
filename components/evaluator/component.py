"""The component Evaluator; see its executor for what it refuses beside TFMA's thresholds."""

import json
from collections.abc import Sequence

from tensorflow_model_analysis.proto import config_pb2
from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts
from tfx.types.standard_component_specs import MODEL_RUN_KEY, EvaluatorSpec

from components.code_digest import code_digest
from components.evaluation import answer_metrics, row_metrics
from components.evaluator.executor import (
    EVAL_SPLIT_KEY,
    MAX_EVAL_GAP_KEY,
    Executor,
)


class HeldOutEvaluatorSpec(EvaluatorSpec):
    """Inputs, outputs and parameters of TFX's Evaluator, and what is held against eval."""

    PARAMETERS = {  # noqa: RUF012 - TFX reads it as it stands
        **EvaluatorSpec.PARAMETERS,
        EVAL_SPLIT_KEY: component_spec.ExecutionParameter(type=str),
        MAX_EVAL_GAP_KEY: component_spec.ExecutionParameter(type=float),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        **EvaluatorSpec.INPUTS,
        MODEL_RUN_KEY: component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
    }


class Evaluator(base_beam_component.BaseBeamComponent):
    """TFX's Evaluator, which also refuses a model that speaks against the train files' labels.

    Labels that are wrong at random mostly average out in training: the model reads the test split
    well nevertheless. It is on the split that was held out of the same files that it shows.

    Component `outputs` contains:
      - `evaluation`: Channel of type `standard_artifacts.ModelEvaluation`.
      - `blessing`: Channel of type `standard_artifacts.ModelBlessing`.
    """

    SPEC_CLASS = HeldOutEvaluatorSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(  # noqa: PLR0913 - what TFX's takes, and what is held against it
        self,
        *,
        examples: BaseChannel,
        model: BaseChannel,
        model_run: BaseChannel,
        baseline_model: BaseChannel,
        eval_config: config_pb2.EvalConfig,
        example_splits: Sequence[str] = ("test",),
        eval_split: str = "eval",
        max_eval_gap: float = 1.0,
    ) -> None:
        """Constructs the component.

        Args:
          examples: The data.
          model: What is judged.
          model_run: What this project's Trainer wrote beside the model: the accuracy on
            `eval_split` is read there, and costs nothing.
          baseline_model: The last model that was blessed, if there is one.
          eval_config: Metrics, slices and thresholds, as TFMA takes them.
          example_splits: What they are of.
          eval_split: The split that the model was validated on.
          max_eval_gap: Most that the accuracy on it may be below the accuracy on `example_splits`,
            beyond what chance explains, 0 to 1. With 1 it is not looked at, and needs neither
            this project's Trainer nor accuracy and number of rows among the metrics.
        """
        super().__init__(
            spec=HeldOutEvaluatorSpec(
                examples=examples,
                model=model,
                model_run=model_run,
                baseline_model=baseline_model,
                eval_config=eval_config,
                example_splits=json.dumps(list(example_splits)),
                fairness_indicator_thresholds=json.dumps(None),
                eval_split=eval_split,
                max_eval_gap=max_eval_gap,
                # The EvalConfig names them by their path, which no import of the executor shows.
                code_digest=code_digest(
                    Executor.__module__, answer_metrics.__name__, row_metrics.__name__
                ),
                evaluation=Channel(type=standard_artifacts.ModelEvaluation),
                blessing=Channel(type=standard_artifacts.ModelBlessing),
            )
        )
