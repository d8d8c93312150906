"""The component ServabilityValidator; see its executor for what it checks."""

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts

from components.code_digest import code_digest
from components.servability_validator.executor import (
    BLESSING_KEY,
    EXAMPLE_SPLIT_KEY,
    EXAMPLES_KEY,
    MAX_P99_LATENCY_KEY,
    MODEL_KEY,
    MODEL_RUN_KEY,
    Executor,
)
from modules.data_spec import DATA_SPEC_KEY, MNIST, DataSpec


class ServabilityValidatorSpec(component_spec.ComponentSpec):
    """Inputs, outputs and parameters of ServabilityValidator."""

    PARAMETERS = {  # noqa: RUF012 - TFX reads it as it stands
        EXAMPLE_SPLIT_KEY: component_spec.ExecutionParameter(type=str),
        MAX_P99_LATENCY_KEY: component_spec.ExecutionParameter(type=float),
        DATA_SPEC_KEY: component_spec.ExecutionParameter(type=str),
        "code_digest": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        MODEL_KEY: component_spec.ChannelParameter(type=standard_artifacts.Model),
        MODEL_RUN_KEY: component_spec.ChannelParameter(type=standard_artifacts.ModelRun),
        EXAMPLES_KEY: component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {  # noqa: RUF012
        BLESSING_KEY: component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing),
    }


class ServabilityValidator(base_component.BaseComponent):
    """Sends real requests to the exported model in a fresh process.

    It does the work of TFX's InfraValidator where there is no Docker and no Kubernetes, and
    emits the same `InfraBlessing`, so that any Pusher honours it.

    Component `outputs` contains:
      - `blessing`: Channel of type `standard_artifacts.InfraBlessing`. A blessing holds the
        model itself, with warmup requests for TF Serving.
    """

    SPEC_CLASS = ServabilityValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        model: BaseChannel,
        model_run: BaseChannel,
        examples: BaseChannel,
        data: DataSpec = MNIST,
        example_split: str = "test",
        max_p99_latency_ms: float = 100.0,
    ) -> None:
        """Constructs the component.

        Args:
          model: The exported model.
          model_run: What the trainer left beside it; holds the reference predictions.
          examples: Where the requests are taken from.
          data: What their images are.
          example_split: The split of `examples` that requests are built from.
          max_p99_latency_ms: The slowest that 99 of 100 requests of one image may be answered,
            in milliseconds of wall time.
        """
        super().__init__(
            spec=ServabilityValidatorSpec(
                model=model,
                model_run=model_run,
                examples=examples,
                example_split=example_split,
                data=data.model_dump_json(),
                max_p99_latency_ms=max_p99_latency_ms,
                code_digest=code_digest(Executor.__module__),
                blessing=Channel(type=standard_artifacts.InfraBlessing),
            )
        )
