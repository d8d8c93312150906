"""Fixtures that run parts of the pipeline for real."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tfx.proto import example_gen_pb2
from tfx.types import standard_artifacts

from components.idx_example_gen.component import IdxExampleGen
from components.idx_example_gen.executor import Executor
from modules.preprocessing import preprocessing_fn
from support.trainings import Inputs, write_transform_graph


@pytest.fixture(scope="session")
def make_output_config() -> Callable[..., example_gen_pb2.Output]:
    """Returns a function that makes an output_config of name=hash_buckets."""

    def make(**hash_buckets: int) -> example_gen_pb2.Output:
        splits = [
            example_gen_pb2.SplitConfig.Split(name=name, hash_buckets=buckets)
            for name, buckets in hash_buckets.items()
        ]
        return example_gen_pb2.Output(split_config=example_gen_pb2.SplitConfig(splits=splits))

    return make


@pytest.fixture(scope="session")
def generate_examples(
    make_output_config: Callable[..., example_gen_pb2.Output],
) -> Callable[..., standard_artifacts.Examples]:
    """Returns a function that runs IdxExampleGen's executor, train and eval being 2 to 1.

    It calls the executor as TFX does once the driver has resolved the properties.
    """

    def generate(
        folder: Path, output: Path, *, beam_pipeline_args: tuple[str, ...] = (), **arguments: object
    ) -> standard_artifacts.Examples:
        arguments = {"output_config": make_output_config(train=2, eval=1), **arguments}
        component = IdxExampleGen(str(folder), **arguments)
        output.mkdir()
        examples = standard_artifacts.Examples()
        examples.uri = str(output)
        context = Executor.Context(beam_pipeline_args=list(beam_pipeline_args))
        Executor(context).Do({}, {"examples": [examples]}, dict(component.exec_properties))
        return examples

    return generate


@pytest.fixture(scope="session")
def transform_graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of the transform graph of the project's preprocessing."""
    return write_transform_graph(preprocessing_fn, tmp_path_factory.mktemp("transform_graph"))


@pytest.fixture(scope="session")
def training_inputs(
    tmp_path_factory: pytest.TempPathFactory,
    mnist_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., standard_artifacts.Examples],
    transform_graph: Path,
) -> Inputs:
    """Returns the inputs of a training: 378 images, and an odd number, 223, to validate on."""
    folder = tmp_path_factory.mktemp("training")
    source = mnist_idx_folder(folder / "data", num_train=601, num_test=20)
    generate_examples(source, folder / "examples")
    return Inputs(folder / "examples", transform_graph)
