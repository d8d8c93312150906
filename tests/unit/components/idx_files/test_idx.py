"""Reading IDX: what goes in comes out, and anything else is an IdxError that says what to do."""

import gzip
import io
import struct

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.data_sets.rows import RowBlock
from components.idx_files.idx import IMAGES_MAGIC, LABELS_MAGIC, IdxError, IdxReader
from components.idx_files.idx_pair import IdxPairReader
from modules.data_spec import DataSpec

SHAPE = (3, 2)

Pixels = npt.NDArray[np.uint8]


def encode(content: Pixels) -> bytes:
    header = struct.pack(f">{content.ndim + 1}I", 0x800 | content.ndim, *content.shape)
    return header + content.tobytes()


def pack(files: list[bytes], *, compress: bool) -> list[bytes]:
    return [gzip.compress(file, mtime=0) for file in files] if compress else files


def make_rows(num_rows: int, seed: int = 0) -> tuple[Pixels, Pixels]:
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, size=(num_rows, *SHAPE), dtype=np.uint8)
    return images, random.integers(0, 10, size=num_rows, dtype=np.uint8)


def open_pair(
    images: bytes, labels: bytes, *, ending: str = "", num_classes: int = 10
) -> IdxPairReader:
    return IdxPairReader(
        IdxReader(io.BytesIO(images), f"images{ending}", magic=IMAGES_MAGIC),
        IdxReader(io.BytesIO(labels), f"labels{ending}", magic=LABELS_MAGIC),
        data=DataSpec(height=SHAPE[0], width=SHAPE[1], num_classes=num_classes),
    )


def read_all(
    images: bytes, labels: bytes, *, ending: str = "", rows_per_block: int = 4
) -> RowBlock:
    reader = open_pair(images, labels, ending=ending)
    blocks = list(
        reader.read_blocks(first_row=0, num_rows=reader.num_rows, rows_per_block=rows_per_block)
    )
    return RowBlock(
        0,
        np.concatenate([block.images for block in blocks]),
        np.concatenate([block.labels for block in blocks]),
    )


class Trickle(io.BytesIO):
    """A stream that returns a byte at a time, as a network file system may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, 1) if size else size)


@given(
    num_rows=st.integers(1, 20),
    rows_per_block=st.integers(1, 25),
    compress=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_rows_come_back_as_they_were_written(
    num_rows: int, rows_per_block: int, *, compress: bool, seed: int
):
    images, labels = make_rows(num_rows, seed)
    files = pack([encode(images), encode(labels)], compress=compress)

    block = read_all(*files, ending=".gz" if compress else "", rows_per_block=rows_per_block)

    np.testing.assert_array_equal(block.images, images)
    np.testing.assert_array_equal(block.labels, labels)


@given(num_rows=st.integers(1, 20), data=st.data(), compress=st.booleans())
def test_any_range_of_rows_can_be_read_alone(num_rows: int, data: st.DataObject, *, compress: bool):
    images, labels = make_rows(num_rows)
    first_row = data.draw(st.integers(0, num_rows - 1))
    size = data.draw(st.integers(1, num_rows - first_row))
    files = pack([encode(images), encode(labels)], compress=compress)
    reader = open_pair(*files, ending=".gz" if compress else "")

    (block,) = reader.read_blocks(first_row=first_row, num_rows=size, rows_per_block=20)

    assert block.first_row == first_row
    np.testing.assert_array_equal(block.images, images[first_row : first_row + size])
    np.testing.assert_array_equal(block.labels, labels[first_row : first_row + size])


def test_a_stream_may_return_less_than_asked_for():
    images, _ = make_rows(5)
    reader = IdxReader(Trickle(encode(images)), "images", magic=IMAGES_MAGIC)

    np.testing.assert_array_equal(reader.read_rows(5), images)
    reader.check_end()


@given(data=st.data(), compress=st.booleans())
def test_any_truncation_is_an_idx_error(data: st.DataObject, *, compress: bool):
    files = pack([encode(rows) for rows in make_rows(6)], compress=compress)
    truncated = data.draw(st.sampled_from([0, 1]))
    length = data.draw(st.integers(0, len(files[truncated]) - 1))
    files[truncated] = files[truncated][:length]

    with pytest.raises(IdxError, match=("images", "labels")[truncated]):
        read_all(*files, ending=".gz" if compress else "")


@given(trailing=st.binary(min_size=1), which=st.sampled_from([0, 1]), compress=st.booleans())
def test_any_trailing_bytes_are_an_idx_error(trailing: bytes, which: int, *, compress: bool):
    files = [encode(rows) for rows in make_rows(6)]
    files[which] += trailing

    with pytest.raises(IdxError, match=("images", "labels")[which]):
        read_all(*pack(files, compress=compress), ending=".gz" if compress else "")


@given(data=st.data(), compress=st.booleans())
def test_any_change_of_a_header_is_an_idx_error(data: st.DataObject, *, compress: bool):
    files = [encode(rows) for rows in make_rows(6)]
    which = data.draw(st.sampled_from([0, 1]))
    position = data.draw(st.integers(0, (16, 8)[which] - 1))
    changed = bytearray(files[which])
    changed[position] ^= data.draw(st.integers(1, 255))
    files[which] = bytes(changed)

    with pytest.raises(IdxError):
        read_all(*pack(files, compress=compress), ending=".gz" if compress else "")


@given(data=st.data())
def test_damaged_gzip_is_an_idx_error_unless_it_decompresses_to_the_same(data: st.DataObject):
    images, labels = make_rows(6)
    damaged = bytearray(gzip.compress(encode(images)))
    position = data.draw(st.integers(0, len(damaged) - 1))
    damaged[position] ^= data.draw(st.integers(1, 255))

    try:
        block = read_all(bytes(damaged), gzip.compress(encode(labels)), ending=".gz")
    except IdxError:
        return
    # Some bytes of gzip's own header, such as the time, mean nothing to the content.
    np.testing.assert_array_equal(block.images, images)


@given(content=st.binary(max_size=64), compress=st.booleans())
def test_bytes_of_something_else_are_an_idx_error(content: bytes, *, compress: bool):
    labels = encode(make_rows(1)[1])

    with pytest.raises(IdxError):
        read_all(content, gzip.compress(labels) if compress else labels, ending=".gz" * compress)


def test_bytes_after_the_end_of_the_gzip_stream_are_an_idx_error():
    images, labels = (gzip.compress(encode(rows)) for rows in make_rows(6))

    with pytest.raises(IdxError, match=r"images\.gz: expected gzip data"):
        read_all(images + b"trailing", labels, ending=".gz")


def test_truncated_file_names_path_and_both_lengths():
    images, _ = make_rows(10)
    reader = IdxReader(io.BytesIO(encode(images)[:-1]), "/in/images", magic=IMAGES_MAGIC)

    with pytest.raises(IdxError) as error:
        reader.check_length()

    assert str(error.value).startswith(
        "/in/images: expected 76 bytes (a header and 10 rows of 3x2), received 75. The file is"
    )


def test_a_file_that_is_too_long_is_not_called_truncated():
    images, _ = make_rows(10)
    reader = IdxReader(io.BytesIO(encode(images) + b"1"), "/in/images", magic=IMAGES_MAGIC)

    with pytest.raises(IdxError, match="received 77\\. Something follows its last row"):
        reader.check_length()


def test_a_header_that_announces_terabytes_is_found_out_without_allocating_them():
    header = struct.pack(">4I", IMAGES_MAGIC, 2**32 - 1, *SHAPE)
    reader = IdxReader(io.BytesIO(header + bytes(60)), "images", magic=IMAGES_MAGIC)

    with pytest.raises(IdxError, match="received 76"):
        reader.check_length()


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (encode(make_rows(2)[1]), "names of the images and the labels file are swapped"),
        (gzip.compress(encode(make_rows(2)[0]), mtime=0), "add .gz to its name"),
        (b"\x89PNG\r\n\x1a\n", "It is no IDX file"),
        (
            b"\0\0\x08\x02",
            "holds unsigned bytes in 2 dimensions, not unsigned bytes in 3 dimensions",
        ),
        (
            b"\0\0\x08\x04",
            "holds unsigned bytes in 4 dimensions, not unsigned bytes in 3 dimensions",
        ),
        (
            b"\0\0\x0d\x03",
            "holds 32-bit floats in 3 dimensions, not unsigned bytes in 3 dimensions",
        ),
        (b"\0\0\x08\0", "It is no IDX file"),
        (b"\0\0\x0a\x03", "It is no IDX file"),
    ],
    ids=["labels", "gzip", "PNG", "matrix", "colours", "floats", "no dimension", "unknown type"],
)
def test_wrong_magic_says_what_the_file_may_be(content: bytes, advice: str):
    with pytest.raises(IdxError, match=f"/in/images: expected IDX magic 0x00000803.*{advice}"):
        IdxReader(io.BytesIO(content), "/in/images", magic=IMAGES_MAGIC)


def test_plain_file_named_gz_says_to_rename_it():
    images, _ = make_rows(2)

    with pytest.raises(IdxError, match=r"do not decompress.*remove \.gz"):
        IdxReader(io.BytesIO(encode(images)), "images.gz", magic=IMAGES_MAGIC)


def test_a_file_without_rows_is_refused():
    with pytest.raises(IdxError, match="labels: expected at least one row"):
        IdxReader(io.BytesIO(encode(np.zeros(0, np.uint8))), "labels", magic=LABELS_MAGIC)


def test_counts_that_differ_name_both_files_and_both_counts():
    with pytest.raises(IdxError, match=r"labels: expected 4 labels.*of images, received 5"):
        open_pair(encode(make_rows(4)[0]), encode(make_rows(5)[1]))


def test_images_of_another_shape_say_both_shapes():
    images = np.zeros((4, 5, 5), np.uint8)

    with pytest.raises(IdxError, match="images: expected images of 3x2 pixels, received 5x5"):
        open_pair(encode(images), encode(make_rows(4)[1]))


def test_label_out_of_range_names_label_row_and_range():
    images, labels = make_rows(10)
    labels[7] = 10

    with pytest.raises(
        IdxError, match=r"labels: expected labels from 0 to 9, received 10 in row 7"
    ):
        read_all(encode(images), encode(labels))


def test_all_256_labels_are_in_range_for_256_classes():
    images, labels = make_rows(2)
    labels[:] = 0, 255
    reader = open_pair(encode(images), encode(labels), num_classes=256)

    (block,) = reader.read_blocks(first_row=0, num_rows=2, rows_per_block=2)

    assert block.labels.tolist() == [0, 255]
