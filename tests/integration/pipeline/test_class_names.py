"""What another name of a class changes, and what it does not."""

import pytest

from pipeline.config_sources import load_config
from pipeline.pipeline import create_pipeline

NAMES = "data.class_names=[{}, dog]"
BY_NAME = {"Trainer", "AnomalyGate", "ServabilityValidator", "ModelExporter", "Pusher", "RunReport"}


def _properties(*overrides: str) -> dict[str, str]:
    config = load_config(overrides=overrides).with_every_node()
    return {node.id: repr(node.exec_properties) for node in create_pipeline(config).components}


@pytest.mark.parametrize(("data_format", "others"), [("idx", set()), ("images", {"IdxExampleGen"})])
def test_another_name_of_a_class_runs_those_nodes_anew_that_say_it(
    data_format: str, others: set[str]
):
    settings = f"data.format={data_format}"

    before, after = (_properties(settings, NAMES.format(name)) for name in ("cat", "tomcat"))

    changed = {node for node, properties in before.items() if after[node] != properties}
    assert changed == BY_NAME | others
