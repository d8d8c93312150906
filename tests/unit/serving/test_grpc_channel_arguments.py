import pytest

from serving.errors import ServingError
from serving.grpc_channel_arguments import parse_channel_arguments


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", ()),
        ("grpc.max_connection_age_ms=2000", (("grpc.max_connection_age_ms", 2000),)),
        ("a=-1, b=two,", (("a", -1), ("b", "two"))),
        ("a=", (("a", ""),)),
        ("a=b=c", (("a", "b=c"),)),
        ("a=2147483648,b=2147483647", (("a", "2147483648"), ("b", 2147483647))),
        ("a=1,a=2", (("a", 1), ("a", 2))),
    ],
)
def test_integers_of_32_bits_are_numbers_and_all_else_is_text(text: str, arguments: object):
    assert parse_channel_arguments(text) == arguments


@pytest.mark.parametrize("text", ["a", "=1", "a=1,b", "a=1,=2"])
def test_what_is_not_key_and_value_is_refused(text: str):
    with pytest.raises(ServingError, match=r"grpc_channel_arguments: expected KEY=VALUE"):
        parse_channel_arguments(text)
