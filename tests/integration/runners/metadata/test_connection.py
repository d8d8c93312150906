"""ML Metadata in real databases: made once, used by many, the password out of sight."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.databases.servers import DatabaseServer, find_postgresql, run_mariadb, run_postgresql
from support.programs import TFX_MNIST

NUM_PROCESSES = 6
CONNECT = """
import os
from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Context, ContextType
from runners.metadata.connection import read_connection
store = MetadataStore(read_connection(None, os.environ))
type_id = store.put_context_type(ContextType(name="pipeline_run"))
store.put_contexts([Context(type_id=type_id, name=f"run-{os.getpid()}")])
"""


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    if request.param == "postgresql":
        if find_postgresql() is None:
            pytest.skip("needs PostgreSQL's server: apt-get install postgresql")
        with run_postgresql() as database:
            yield database
    else:
        if shutil.which("mariadb-install-db") is None:
            pytest.skip("needs MariaDB's server: apt-get install mariadb-server")
        with run_mariadb() as database:
            yield database


def _init(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TFX_MNIST, "mlmd", "init", *arguments],
        env=os.environ | environ,
        check=False,
        capture_output=True,
        text=True,
    )


def test_after_init_six_processes_connect_at_once_and_all_write(
    server: DatabaseServer, tmp_path: Path
):
    password_file = tmp_path / "password"
    password_file.write_text(server.password + "\n")
    url = server.url("at_once")

    first = _init("--mlmd", url, MLMD_PASSWORD_FILE=str(password_file))

    assert first.returncode == 0, first.stderr
    assert first.stdout == f"{url}: ready, with 0 runs\n"
    environ = os.environ | {"MLMD_URL": url, "MLMD_PASSWORD": server.password}
    processes = [
        subprocess.Popen([sys.executable, "-c", CONNECT], env=environ) for _ in range(NUM_PROCESSES)
    ]
    assert [process.wait() for process in processes] == [0] * NUM_PROCESSES
    again = _init(MLMD_URL=server.url_with_password("at_once"))
    assert again.stdout == f"{url}: ready, with {NUM_PROCESSES} runs\n"
    assert server.password not in first.stderr + again.stderr


def test_a_refused_password_is_an_error_that_does_not_show_it(server: DatabaseServer):
    url = server.url("refused")

    answer = _init("--mlmd", url, MLMD_PASSWORD="not-the-password")  # noqa: S106 - a wrong one

    assert answer.returncode == 1
    assert f"Error: {url}: cannot be used as ML Metadata" in answer.stderr
    assert "not-the-password" not in answer.stdout + answer.stderr


def test_a_sqlite_file_is_made_with_its_folder(tmp_path: Path):
    path = tmp_path / "new" / "metadata.db"

    answer = _init("--mlmd", f"sqlite://{path}")

    assert answer.stdout == f"sqlite://{path}: ready, with 0 runs\n"
    assert path.stat().st_size > 0
