"""Whose environment is changed so that loopback goes through no proxy, and how."""

import pytest

from runners.loopback import spare_loopback_the_proxy

ALL = "localhost,127.0.0.1,::1"


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"])
def test_where_there_is_a_proxy_loopback_is_an_exception(name: str):
    environ = {name: "http://proxy.example.com:3128"}

    spare_loopback_the_proxy(environ)

    assert environ["no_proxy"] == environ["NO_PROXY"] == ALL


def test_what_is_an_exception_already_stays_one():
    environ = {
        "http_proxy": "http://proxy.example.com:3128",
        "no_proxy": "example.com, 127.0.0.1",
        "NO_PROXY": "*",
    }

    spare_loopback_the_proxy(environ)

    assert environ["no_proxy"] == "example.com,127.0.0.1,localhost,::1"
    assert environ["NO_PROXY"] == "*"


def test_without_a_proxy_nothing_is_changed():
    environ = {"PATH": "/bin", "no_proxy": "example.com"}

    spare_loopback_the_proxy(environ)

    assert environ == {"PATH": "/bin", "no_proxy": "example.com"}
