"""TFX's Pusher, with a push that is atomic and a version that knows where it comes from."""

from tfx.components.pusher.component import Pusher
from tfx.dsl.components.base import executor_spec
from tfx.proto import pusher_pb2
from tfx.types import BaseChannel, standard_artifacts, standard_component_specs
from tfx.types.channel import Channel
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.atomic_pusher.executor import KEEP_VERSIONS_KEY, Executor
from components.atomic_pusher.origin import MODEL_CODE_DIGEST_KEY
from components.code_digest import code_digest
from components.model_exporter.artifact import EXPORTS_KEY
from modules.data_spec import DATA_SPEC_KEY, MNIST, DataSpec

DEFAULT_KEEP_VERSIONS = 5

_CODE_DIGEST_KEY = "code_digest"


class AtomicPusherSpec(standard_component_specs.PusherSpec):
    """The inputs and parameters of TFX's Pusher, and what goes into a version's record."""

    PARAMETERS = {  # noqa: RUF012 - TFX reads it as it stands
        **standard_component_specs.PusherSpec.PARAMETERS,
        KEEP_VERSIONS_KEY: ExecutionParameter(type=int),
        MODEL_CODE_DIGEST_KEY: ExecutionParameter(type=str),
        DATA_SPEC_KEY: ExecutionParameter(type=str),
        _CODE_DIGEST_KEY: ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012 - TFX reads it as it stands
        **standard_component_specs.PusherSpec.INPUTS,
        standard_component_specs.EVALUATION_KEY: ChannelParameter(
            type=standard_artifacts.ModelEvaluation, optional=True
        ),
        standard_component_specs.EXAMPLES_KEY: ChannelParameter(
            type=standard_artifacts.Examples, optional=True
        ),
        EXPORTS_KEY: ChannelParameter(type=standard_artifacts.Model, optional=True),
        standard_component_specs.BEST_HYPERPARAMETERS_KEY: ChannelParameter(
            type=standard_artifacts.HyperParameters, optional=True
        ),
    }


class AtomicPusher(Pusher):
    """Pushes a blessed model into a versioned directory that a model server watches.

    TFX's own Pusher writes into the version's live folder, where a server can load half a model;
    skips a second push within a second; and never removes a version. This one stages the model
    under a hidden name, loads it, and renames it to a number that is always the highest; keeps the
    newest versions; and writes down in each where it comes from.

    On gs:// and the like there is no such rename: there it copies saved_model.pb last, as TFX
    does, and prunes nothing.

    Component `outputs` contains:
      - `pushed_model`: Channel of type `standard_artifacts.PushedModel`.
    """

    SPEC_CLASS = AtomicPusherSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(  # noqa: PLR0913 - what TFX's Pusher takes, and what the record tells
        self,
        push_destination: pusher_pb2.PushDestination,
        *,
        model: BaseChannel | None = None,
        model_blessing: BaseChannel | None = None,
        infra_blessing: BaseChannel | None = None,
        evaluation: BaseChannel | None = None,
        examples: BaseChannel | None = None,
        exports: BaseChannel | None = None,
        best_hyperparameters: BaseChannel | None = None,
        data: DataSpec = MNIST,
        keep_versions: int = DEFAULT_KEEP_VERSIONS,
        model_code_digest: str = "",
    ) -> None:
        """Constructs the component.

        Args:
          push_destination: Its `filesystem.base_directory` is the versioned directory.
          model: The model to push.
          model_blessing: Unless it is blessed, nothing is pushed.
          infra_blessing: Unless it is blessed, nothing is pushed. Where it holds a model, with
            warm-up requests in it, that one is pushed.
          evaluation: Its metrics go into the record.
          examples: Their source files go into the record.
          exports: The model in other formats, which are published with it and in the same step.
            Unless they are blessed, nothing is pushed.
          best_hyperparameters: What a Tuner has chosen, for the record.
          data: How classes are called, for the record.
          keep_versions: How many of the newest versions stay in the directory.
          model_code_digest: Digest of the code that trained the model, for the record.

        Raises:
          ValueError: An argument is out of bounds, or there is no model.
        """
        if keep_versions < 1:
            raise ValueError(f"keep_versions: expected 1 or more, received {keep_versions}.")
        if not push_destination.filesystem.base_directory:
            raise ValueError(
                "push_destination: expected filesystem.base_directory, received "
                f"{str(push_destination).strip() or 'nothing'!r}."
            )
        if model is None and infra_blessing is None:
            raise ValueError("expected a model, or an infra_blessing that holds one.")
        # Pusher's own constructor cannot take another input: skip to its parent's.
        super(Pusher, self).__init__(
            spec=AtomicPusherSpec(
                model=model,
                model_blessing=model_blessing,
                infra_blessing=infra_blessing,
                evaluation=evaluation,
                examples=examples,
                exports=exports,
                best_hyperparameters=best_hyperparameters,
                push_destination=push_destination,
                data=data.model_dump_json(),
                keep_versions=keep_versions,
                model_code_digest=model_code_digest,
                code_digest=code_digest(Executor.__module__),
                pushed_model=Channel(type=standard_artifacts.PushedModel),
            )
        )
