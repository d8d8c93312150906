"""Runs a search and writes what it found."""

from typing import Any

from tfx import types
from tfx.components.tuner import executor as tfx_executor
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import json_utils

RESULTS_DIR_KEY = "results_dir"


class Executor(tfx_executor.Executor):
    """TFX's executor without its prints, and with a place for results of our own."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the search of `tuner_fn`.

        Raises:
          Exception: Whatever the search raises.
        """
        config = json_utils.loads(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY])
        config[RESULTS_DIR_KEY] = artifact_utils.get_single_uri(
            output_dict[standard_component_specs.TUNER_RESULTS_KEY]
        )
        properties = {
            **exec_properties,
            standard_component_specs.CUSTOM_CONFIG_KEY: json_utils.dumps(config),
        }
        tuner = tfx_executor.search(
            input_dict, properties, self._get_tmp_dir(), print_tuning_summary=False
        )
        tfx_executor.write_best_hyperparameters(tuner, output_dict)
        tuner.forget()
