"""The component AnomalyGate; see its executor for what it refuses."""

import json
from collections.abc import Sequence

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts
from tfx.types.standard_component_specs import (
    ANOMALIES_KEY,
    EXAMPLES_KEY,
    SCHEMA_KEY,
    STATISTICS_KEY,
)

from components.anomaly_gate.acceptance import ACCEPTED_STATISTICS_KEY, NOBODY
from components.anomaly_gate.executor import (
    CLASSES_KEY,
    EVAL_SPLIT_KEY,
    MAX_SHARED_ROWS_KEY,
    MIN_TRAIN_ROWS_KEY,
    NEW_DATA_ACCEPTED_BY_KEY,
    PREVIOUS_STATISTICS_KEY,
    TEST_SPLIT_KEY,
    TRAIN_SPLIT_KEY,
    Executor,
)
from components.code_digest import code_digest
from modules.data_spec import DATA_SPEC_KEY, MNIST, DataSpec


class AnomalyGateSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of AnomalyGate."""

    PARAMETERS = {  # noqa: RUF012 - TFX reads it as it stands
        TRAIN_SPLIT_KEY: component_spec.ExecutionParameter(type=str),
        EVAL_SPLIT_KEY: component_spec.ExecutionParameter(type=str),
        TEST_SPLIT_KEY: component_spec.ExecutionParameter(type=str),
        DATA_SPEC_KEY: component_spec.ExecutionParameter(type=str),
        CLASSES_KEY: component_spec.ExecutionParameter(type=str),
        MIN_TRAIN_ROWS_KEY: component_spec.ExecutionParameter(type=int),
        MAX_SHARED_ROWS_KEY: component_spec.ExecutionParameter(type=float),
        NEW_DATA_ACCEPTED_BY_KEY: component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        EXAMPLES_KEY: component_spec.ChannelParameter(type=standard_artifacts.Examples),
        ANOMALIES_KEY: component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        STATISTICS_KEY: component_spec.ChannelParameter(type=standard_artifacts.ExampleStatistics),
        SCHEMA_KEY: component_spec.ChannelParameter(type=standard_artifacts.Schema),
        PREVIOUS_STATISTICS_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.ExampleStatistics, optional=True
        ),
    }
    OUTPUTS = {  # noqa: RUF012
        ACCEPTED_STATISTICS_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.ExampleStatistics
        ),
    }


class AnomalyGate(base_component.BaseComponent):
    """Fails on data that ExampleValidator found anomalies in, that drifted, or can judge no model.

    ExampleValidator only writes down what it finds; a run goes on with whatever data. Make
    this gate an upstream node of what must not start on bad data.

    Component `outputs` contains:
      - `accepted_statistics`: Channel of type `standard_artifacts.ExampleStatistics`, a copy of
        the statistics; what PreviousStatisticsStrategy chooses from.
    """

    SPEC_CLASS = AnomalyGateSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(  # noqa: PLR0913 - all that the data can break, and where they came from
        self,
        *,
        examples: BaseChannel,
        anomalies: BaseChannel,
        statistics: BaseChannel,
        schema: BaseChannel,
        previous_statistics: BaseChannel | None = None,
        train_split: str = "train",
        eval_split: str = "eval",
        test_split: str = "test",
        data: DataSpec = MNIST,
        classes: Sequence[int] = (),
        min_train_rows: int = 1,
        max_shared_rows: float = 1.0,
        new_data_accepted_by: str = NOBODY,
    ) -> None:
        """Constructs the component.

        Args:
          examples: The data; an error tells where they came from.
          anomalies: What ExampleValidator found.
          statistics: What it found them in.
          schema: The contract, with its skew_comparators (between the two splits) and
            drift_comparators (between `train_split` now and before).
          previous_statistics: The last ones that were accepted; without, nothing is said
            of drift.
          train_split: The split that the model learns from.
          eval_split: The split of the same rows that is held out.
          test_split: The split that a model is judged by.
          data: How classes are called.
          classes: The labels that must have rows in `train_split` and in `test_split`.
          min_train_rows: The least rows that `train_split` must have.
          max_shared_rows: The largest share of the rows of the other two splits, 0 to 1, whose
            images may also stand in `train_split`. IdxExampleGen counts them; the examples of
            another ExampleGen tell nothing of it, and pass.
          new_data_accepted_by: NAME@DATA, who accepts that these data differ from the last
            accepted ones; a refusal tells the name of the data. What was accepted, by whom and
            when, is noted on the output.
        """
        super().__init__(
            spec=AnomalyGateSpec(
                examples=examples,
                anomalies=anomalies,
                statistics=statistics,
                schema=schema,
                previous_statistics=previous_statistics,
                train_split=train_split,
                eval_split=eval_split,
                test_split=test_split,
                data=data.model_dump_json(),
                classes=json.dumps(list(classes)),
                min_train_rows=min_train_rows,
                max_shared_rows=max_shared_rows,
                new_data_accepted_by=new_data_accepted_by,
                code_digest=code_digest(Executor.__module__),
                accepted_statistics=Channel(type=standard_artifacts.ExampleStatistics),
            )
        )
