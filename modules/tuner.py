"""Searches for hyperparameters: TFX's Tuner calls `tuner_fn`."""

from typing import TYPE_CHECKING

import tensorflow_transform as tft
from tfx.components.tuner.component import TunerFnResult

from modules.data_spec import read_data_spec
from modules.distribution.strategy import make_distribution
from modules.examples import match_files, read_splits
from modules.hyperparameters import Hyperparameters
from modules.training.checkpoints import digest_training
from modules.tuning.search import SearchJob, TrialTuner
from modules.tuning.settings import Tuning
from modules.tuning.trial_folder import TrialFolder

if TYPE_CHECKING:
    from tfx.components.trainer.fn_args_utils import FnArgs


def tuner_fn(fn_args: "FnArgs") -> TunerFnResult:
    """Returns a search whose trials train on one split and are compared on another.

    All trials share one reading of the data. The test split is for the Evaluator alone.

    Args:
      fn_args: From TFX. Its `custom_config` has `hyperparameters`, `tuning` and `data` (what is
        missing in them has its default), `code_digest` (of the source of this package),
        `backup_root` (a directory that outlives the run) and `results_dir` (the artifact that the
        search is written to).

    Raises:
      ValueError: A setting or an input is not as expected.
      RuntimeError: The devices cannot be set up as asked; see modules.distribution.devices.
    """
    given = fn_args.custom_config
    tuning = Tuning.model_validate(given["tuning"])
    hyperparameters = Hyperparameters.model_validate(given["hyperparameters"])
    if tuning.epochs:
        hyperparameters = hyperparameters.with_values({"epochs": tuning.epochs})
    data = read_data_spec(given)
    digest = digest_training(
        files=[
            *match_files(fn_args.train_files),
            *match_files(fn_args.eval_files),
            f"{fn_args.transform_graph_path}/transform_fn/saved_model.pb",
        ],
        hyperparameters=hyperparameters,
        data=data,
        code_digest=given.get("code_digest", ""),
        # More trials begin with the same ones.
        search=tuning.model_dump(exclude={"enabled", "trials"}),
    )
    distribution = make_distribution(hyperparameters)
    job = SearchJob(
        tuning=tuning,
        hyperparameters=hyperparameters,
        data=data,
        distribution=distribution,
        splits=read_splits(
            fn_args.train_files,
            fn_args.eval_files,
            tft.TFTransformOutput(fn_args.transform_graph_path),
            num_classes=data.num_classes,
            most_bytes=hyperparameters.cache_bytes,
        ),
    )
    tuner = TrialTuner(
        job,
        TrialFolder(f"{given['backup_root']}/{digest}"),
        results_dir=given["results_dir"],
        scratch_dir=fn_args.working_dir,
    )
    return TunerFnResult(tuner=tuner, fit_kwargs={})
