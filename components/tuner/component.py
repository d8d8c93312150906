"""TFX's Tuner with an executor of ours."""

from tfx.components.tuner.component import Tuner as TfxTuner
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec

from components.tuner.executor import Executor


class Tuner(TfxTuner):
    """TFX's Tuner, whose `tuner_fn` is told where its results go.

    Its `custom_config` gets `results_dir`, the artifact `tuner_results`; and a `tuner` has a method
    `forget`, which is called when all is written.
    """

    EXECUTOR_SPEC = ExecutorClassSpec(Executor)
