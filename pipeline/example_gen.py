"""The first node: what makes examples of the data, by the format that they are in."""

from tfx.components.example_gen.component import FileBasedExampleGen
from tfx.components.example_gen.import_example_gen.component import ImportExampleGen
from tfx.proto import example_gen_pb2

from components.data_sets.finding import Format
from components.data_sets.tfrecords import SPLITS
from components.idx_example_gen.component import IdxExampleGen, split_by_hash
from pipeline.config import PipelineConfig
from pipeline.node_ids import IDX_EXAMPLE_GEN


def make_example_gen(config: PipelineConfig) -> FileBasedExampleGen:
    """Returns the node, which has the same name whatever it reads."""
    if config.data.format is Format.TFRECORD:
        return _make_importer(config)
    return IdxExampleGen(
        input_base=config.data_root,
        output_config=split_by_hash(
            train=config.examples.train_hash_buckets, eval=config.examples.eval_hash_buckets
        ),
        # What a class is called changes no example, unless its folder is called so.
        data=config.data.spec
        if config.data.format is Format.IMAGES
        else config.data.spec.without_names,
        layout=config.data.layout,
        rows_per_shard=config.examples.rows_per_shard,
    )


def _make_importer(config: PipelineConfig) -> ImportExampleGen:
    """Returns the node that takes records as they are, and their splits as they lie."""
    prefix = f"{config.data.name}/" if config.data.name else ""
    splits = [
        example_gen_pb2.Input.Split(name=split, pattern=f"{prefix}{split}/*") for split in SPLITS
    ]
    example_gen = ImportExampleGen(
        input_base=config.data_root, input_config=example_gen_pb2.Input(splits=splits)
    )
    return example_gen.with_id(IDX_EXAMPLE_GEN)
