"""A search for hyperparameters on a few hundred images, as TFX's Tuner has it made."""

from pathlib import Path
from typing import Any

from tfx.components.trainer.fn_args_utils import FnArgs

from modules.tuner import tuner_fn
from modules.tuning.settings import Tuning
from modules.tuning.trials import SEARCH_FILE, Search
from support.trainings import SMALL, Inputs

SMALL_SPACE = {"filters": {"low": 1, "high": 4}}


class SmallSearch:
    """One search in a folder of its own; the backup outlives it if `backup` names a place."""

    def __init__(
        self, inputs: Inputs, folder: Path, *, backup: Path | None = None, **tuning: object
    ) -> None:
        self.results = folder / "results"
        self.backup = backup or folder / "backup"
        settings = Tuning.model_validate({"trials": 3, "epochs": 1, "space": SMALL_SPACE, **tuning})
        config: dict[str, Any] = {
            "hyperparameters": {**SMALL, "augment": False},
            "tuning": settings.model_dump(),
            "code_digest": "of the test",
            "backup_root": str(self.backup),
            "results_dir": str(self.results),
        }
        self.arguments = FnArgs(
            train_files=[f"{inputs.examples}/Split-train/*"],
            eval_files=[f"{inputs.examples}/Split-eval/*"],
            transform_graph_path=str(inputs.transform_graph),
            working_dir=str(folder / "scratch"),
            custom_config=config,
        )

    def change(self, section: str, values: Any) -> None:
        """Sets some values of a section of what the Tuner is given, or one that is no section."""
        config = self.arguments.custom_config
        config[section] = {**config[section], **values} if isinstance(values, dict) else values

    def run(self) -> Search:
        """Runs here, and returns what was written."""
        made = tuner_fn(self.arguments)
        made.tuner.search(**made.fit_kwargs)
        return Search.model_validate_json((self.results / SEARCH_FILE).read_text())
