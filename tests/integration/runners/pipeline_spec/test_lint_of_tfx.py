"""What TFX's own compiler for Vertex AI gets wrong is found, and is put right."""

import json
from typing import Any

import pytest
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.experimental.conditionals.conditional import Cond
from tfx.dsl.experimental.node_execution_options.utils import NodeExecutionOptions
from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline
from tfx.types.standard_artifacts import Integer, ModelBlessing

pytest.importorskip("kfp", reason="kfp installs on Python 3.11 only")
from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)

from runners.pipeline_spec.lint import lint_vertex
from runners.vertex.repairs import repair


@component
def Judge(  # noqa: N802 - a component's name
    threshold: Parameter[float],
    blessing: OutputArtifact[ModelBlessing],
    count: OutputArtifact[Integer],
) -> None:
    """Is compiled and never run."""


@component
def Push(  # noqa: N802 - a component's name
    blessing: InputArtifact[ModelBlessing], count: Parameter[int]
) -> None:
    """Is compiled and never run."""


@pytest.fixture
def pipeline() -> Pipeline:
    """A pipeline with everything that the compiler stumbles over."""
    judge = Judge(threshold=RuntimeParameter("threshold", float, default=0.9))
    judge.node_execution_options = NodeExecutionOptions(
        max_execution_retries=3, execution_timeout_sec=60
    )
    blessing = judge.outputs["blessing"]
    with Cond(blessing.future()[0].custom_property("blessed") == 1):
        push = Push(blessing=blessing, count=judge.outputs["count"].future()[0].value)
    return Pipeline("digits", "gs://bucket/root", components=[judge, push])


@pytest.fixture
def job(pipeline: Pipeline) -> dict[str, Any]:
    config = KubeflowV2DagRunnerConfig(default_image="example", use_pipeline_spec_2_1=True)
    return KubeflowV2DagRunner(config).run(pipeline, write_out=False)


def test_the_five_faults_of_tfx_are_found(job: dict[str, Any]):
    faults = lint_vertex(json.dumps(job))

    assert "parameter threshold: has no default, so that every run would have to set it" in faults
    assert "task Judge: has no retryPolicy; 0 retries are to be said as well" in faults
    assert "task Judge: has no time limit; expected a command that begins with timeout" in faults
    assert "task Push: reads parameter count of Judge_task, which is no task" in faults
    condition = "task Push: its condition reads artifacts['_Judge.blessing'], which is no input"
    assert [fault for fault in faults if fault.startswith(condition)]


def test_after_the_repair_only_retries_and_time_limits_are_missing(
    job: dict[str, Any], pipeline: Pipeline
):
    repair(job["pipelineSpec"], pipeline)

    faults = lint_vertex(json.dumps(job))
    assert len(faults) == 4
    assert not [
        fault for fault in faults if "retryPolicy" not in fault and "time limit" not in fault
    ]
    root = job["pipelineSpec"]["root"]
    assert root["inputDefinitions"]["parameters"]["threshold"]["defaultValue"] == 0.9
    assert root["dag"]["tasks"]["Push"]["triggerPolicy"]["condition"].startswith(
        "(inputs.artifacts['blessing'].artifacts[0].metadata['blessed']"
    )
