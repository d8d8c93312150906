"""The ExampleGen that TFX lacks: IDX, the file format of MNIST, and others of labelled images."""

from tfx.components.example_gen import component
from tfx.dsl.components.base import executor_spec
from tfx.orchestration import data_types
from tfx.proto import example_gen_pb2, range_config_pb2

from components.code_digest import code_digest
from components.data_sets.finding import Layout
from components.idx_example_gen import settings
from components.idx_example_gen.driver import Driver
from components.idx_example_gen.executor import Executor
from modules.data_spec import MNIST, DataSpec

DEFAULT_ROWS_PER_SHARD = 10_000

_IDX = Layout()


def split_by_hash(**hash_buckets: int) -> example_gen_pb2.Output:
    """Returns the output_config that deals the train rows out to splits, in those shares."""
    splits = [
        example_gen_pb2.SplitConfig.Split(name=name, hash_buckets=buckets)
        for name, buckets in hash_buckets.items()
    ]
    return example_gen_pb2.Output(split_config=example_gen_pb2.SplitConfig(splits=splits))


class IdxExampleGen(component.FileBasedExampleGen):
    """Turns the four files of an IDX data set, or one in another format, into examples.

    The rows of the train files are divided among the splits of `output_config` by a hash of
    their content; those of the t10k files become the split `test`. See modules/features.py for the
    features of an example.

    Component `outputs` contains:
      - `examples`: Channel of type `standard_artifacts.Examples`.
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(  # noqa: PLR0913 - those of TFX, and what the data are
        self,
        input_base: str | data_types.RuntimeParameter,
        *,
        input_config: example_gen_pb2.Input | None = None,
        output_config: example_gen_pb2.Output | None = None,
        range_config: range_config_pb2.RangeConfig | None = None,
        data: DataSpec = MNIST,
        layout: Layout = _IDX,
        rows_per_shard: int = DEFAULT_ROWS_PER_SHARD,
    ) -> None:
        """Constructs the component.

        Args:
          input_base: Folder of the four files, each plain or .gz; also on gs:// and the like.
          input_config: One split whose pattern finds the files in `input_base`; it may hold
            {SPAN}, {VERSION} or a date, as in `span-{SPAN}/*-ubyte*`. A change of input is
            recognised by the content of the files.
          output_config: Splits of the train files; by default train and eval, 11 to 1.
          range_config: Which span to read; by default the latest.
          data: What the images and the labels must be; by default what MNIST's are.
          layout: How the data set lies in `input_base`; by default as four IDX files.
          rows_per_shard: Rows read, divided and written at a time: what bounds the memory.

        Raises:
          ValueError: An argument is out of bounds.
        """
        if rows_per_shard < 1:
            raise ValueError(
                f"examples.rows_per_shard: expected 1 or more, received {rows_per_shard}."
            )
        if input_config and len(input_config.splits) != 1:
            raise ValueError(
                "The input of IdxExampleGen: expected one split whose pattern finds all four "
                f"files, received {len(input_config.splits)}. Correct it in pipeline/pipeline.py."
            )
        # About 55,000 and 5,000 of MNIST's 60,000 rows.
        output_config = output_config or split_by_hash(train=11, eval=1)
        settings.read_splits(output_config)
        super().__init__(
            input_base=input_base,
            input_config=input_config or _make_input_config(layout.pattern),
            output_config=output_config,
            custom_config=settings.make_custom_config(
                layout=layout.model_dump_json(),
                data=data.model_dump_json(),
                rows_per_shard=rows_per_shard,
                code_digest=code_digest(Executor.__module__),
            ),
            range_config=range_config,
        )


def _make_input_config(pattern: str) -> example_gen_pb2.Input:
    return example_gen_pb2.Input(splits=[example_gen_pb2.Input.Split(name="idx", pattern=pattern)])
