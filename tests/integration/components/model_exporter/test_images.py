"""Which images are drawn to compare and to calibrate exports."""

import hashlib
from pathlib import Path

import numpy as np
import tensorflow as tf

from components.model_exporter.images import draw_images, read_images
from components.servability_validator.requests import serialize_images

SHAPE = (28, 28)
IMAGES = np.random.default_rng(0).integers(0, 256, (1200, 28, 28), np.uint8)


def test_the_same_images_are_drawn_in_whichever_order_they_come():
    shuffled = np.random.default_rng(1).permutation(IMAGES)

    drawn = draw_images([IMAGES], 50, SHAPE)

    assert np.array_equal(draw_images(np.array_split(shuffled, 7), 50, SHAPE), drawn)
    digests = sorted(hashlib.sha256(image.tobytes()).hexdigest() for image in IMAGES)
    assert [hashlib.sha256(image.tobytes()).hexdigest() for image in drawn] == digests[:50]


def test_fewer_are_drawn_if_there_are_fewer():
    assert len(draw_images([IMAGES[:3], IMAGES[3:5]], 50, SHAPE)) == 5
    assert draw_images([], 50, SHAPE).shape == (0, 28, 28)


def test_images_are_read_from_all_shards_of_a_split(tmp_path: Path):
    for number, shard in enumerate(np.array_split(IMAGES, 3)):
        with tf.io.TFRecordWriter(str(tmp_path / f"shard-{number}.gz"), "GZIP") as writer:
            for record in serialize_images(shard):
                writer.write(record)

    assert np.array_equal(np.concatenate([*read_images(f"{tmp_path}/*", SHAPE)]), IMAGES)
