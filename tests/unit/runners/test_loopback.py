"""Whose environment is changed so that loopback goes through no proxy, and how."""

import pytest

from runners.loopback import spare_loopback_the_proxy

ALL = "localhost,127.0.0.1,127.0.0.0/8,::1"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"])
def test_where_there_is_a_proxy_loopback_is_an_exception(name: str):
    environ = {name: "http://proxy.example.com:3128"}

    spare_loopback_the_proxy(environ)

    assert environ["no_proxy"] == environ["NO_PROXY"] == ALL


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_what_is_an_exception_already_stays_one_by_whichever_name(name: str):
    environ = {"http_proxy": "http://proxy.example.com:3128", name: ".example.com, 127.0.0.1"}

    spare_loopback_the_proxy(environ)

    expected = ".example.com,127.0.0.1,localhost,127.0.0.0/8,::1"
    assert {environ[each] for each in ("no_proxy", "NO_PROXY", "no_grpc_proxy")} == {expected}


def test_a_wildcard_stays_one_and_grpc_which_knows_none_gets_the_names():
    environ = {"http_proxy": "http://proxy.example.com:3128", "NO_PROXY": "*"}

    spare_loopback_the_proxy(environ)

    assert environ["no_proxy"] == environ["NO_PROXY"] == "*"
    assert environ["no_grpc_proxy"] == f"*,{ALL}"


def test_exceptions_of_grpc_alone_are_extended():
    environ = {"http_proxy": "http://proxy.example.com:3128", "no_grpc_proxy": "example.com"}

    spare_loopback_the_proxy(environ)

    assert environ["no_grpc_proxy"] == f"example.com,{ALL}"


def test_without_a_proxy_nothing_is_changed():
    environ = {"PATH": "/bin", "no_proxy": "example.com"}

    spare_loopback_the_proxy(environ)

    assert environ == {"PATH": "/bin", "no_proxy": "example.com"}
