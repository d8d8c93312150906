"""Real database servers on loopback, in a folder of their own, stopped by their process id."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.free_ports import find_free_ports
from support.waiting import DEADLINE_SECONDS, wait_until


@dataclass(frozen=True)
class DatabaseServer:
    """A server that listens on loopback."""

    scheme: str
    user: str
    port: int
    password: str

    def url(self, database: str) -> str:
        """Returns the URL of a database, without the password."""
        return f"{self.scheme}://{self.user}@127.0.0.1:{self.port}/{database}"

    def url_with_password(self, database: str) -> str:
        return f"{self.scheme}://{self.user}:{self.password}@127.0.0.1:{self.port}/{database}"


def find_postgresql() -> Path | None:
    """Returns the folder of PostgreSQL's programs; Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = found[-1] if found else shutil.which("initdb")
    return Path(initdb).parent if initdb else None


@contextlib.contextmanager
def run_postgresql() -> Iterator[DatabaseServer]:
    """Runs PostgreSQL; it refuses to run as root, so that root becomes the user postgres."""
    programs = find_postgresql()
    [port] = find_free_ports(1)
    server = DatabaseServer("postgresql", "tfx", port, secrets.token_hex(12))
    with _server_folder("postgres") as folder:
        password_file = folder / "password"
        password_file.write_text(server.password)
        _give(password_file, "postgres")
        arguments = ["-A", "scram-sha-256", "-U", server.user, f"--pwfile={password_file}"]
        _run_as("postgres", str(programs / "initdb"), "-D", str(folder / "data"), *arguments)
        options = [f"port={server.port}", "listen_addresses=127.0.0.1", "fsync=off"]
        options += [f"unix_socket_directories={folder}", "max_connections=200"]
        command = [str(programs / "postgres"), "-D", str(folder / "data")]
        for option in options:
            command += ["-c", option]
        # On SIGTERM it would wait for every client to leave.
        with _running(_as_user("postgres", *command), folder, server.port, stop=signal.SIGINT):
            _wait_until_ready(programs / "pg_isready", server.port)
            yield server


@contextlib.contextmanager
def run_mariadb() -> Iterator[DatabaseServer]:
    """Runs MariaDB, which speaks MySQL's protocol."""
    [port] = find_free_ports(1)
    server = DatabaseServer("mysql", "tfx", port, secrets.token_hex(12))
    with _server_folder("mysql") as folder:
        data = folder / "data"
        start = folder / "start.sql"
        start.write_text(
            f"CREATE USER 'tfx'@'127.0.0.1' IDENTIFIED BY '{server.password}';\n"
            "GRANT ALL ON *.* TO 'tfx'@'127.0.0.1';\n"
        )
        _give(start, "mysql")
        _run_as("mysql", "mariadb-install-db", "--no-defaults", f"--datadir={data}",
                "--auth-root-authentication-method=normal", "--skip-test-db")  # fmt: skip
        command = [
            shutil.which("mariadbd") or "/usr/sbin/mariadbd",
            "--no-defaults",
            f"--datadir={data}",
            f"--port={server.port}",
            "--bind-address=127.0.0.1",
            f"--socket={folder}/socket",
            f"--pid-file={folder}/pid",
            f"--init-file={start}",
        ]
        with _running(_as_user("mysql", *command), folder, server.port):
            yield server


@contextlib.contextmanager
def _server_folder(user: str) -> Iterator[Path]:
    # Not pytest's tmp_path, whose parents only root can enter.
    with tempfile.TemporaryDirectory(prefix="tfx-mnist-") as name:
        folder = Path(name)
        _give(folder, user)
        yield folder


def _give(path: Path, user: str) -> None:
    if os.geteuid() == 0:
        shutil.chown(path, user)


def _as_user(user: str, *command: str) -> list[str]:
    return (
        ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
        if (os.geteuid() == 0)
        else list(command)
    )


def _run_as(user: str, *command: str) -> None:
    answer = subprocess.run(
        _as_user(user, *command), check=False, capture_output=True, text=True, cwd="/"
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


@contextlib.contextmanager
def _running(
    command: list[str], folder: Path, port: int, stop: signal.Signals = signal.SIGTERM
) -> Iterator[None]:
    log_file = folder / "log"
    with log_file.open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
    try:
        _wait_for_port(port, process, log_file)
        yield
    finally:
        process.send_signal(stop)
        process.wait(DEADLINE_SECONDS)


def _wait_for_port(port: int, process: subprocess.Popen[bytes], log_file: Path) -> None:
    def listens() -> bool:
        assert process.poll() is None, log_file.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    wait_until(listens, f"a server on port {port}")


def _wait_until_ready(pg_isready: Path, port: int) -> None:
    """Waits until PostgreSQL takes more than connections, which it has to turn away at first."""
    command = [str(pg_isready), "--host=127.0.0.1", f"--port={port}", "--quiet"]
    wait_until(
        lambda: subprocess.run(command, check=False).returncode == 0,
        "PostgreSQL, which listens, to be ready",
    )
