"""Runs Airflow on this machine, for one person to try the pipeline: make airflow.

Everything listens on loopback. Ctrl-C stops all of it. For more than that, see Airflow's own guide
to production; the DAG is the same.
"""
# ruff: noqa: INP001, T201 - a script outside of the packages, which speaks to a person

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

START_SECONDS = 300
STOP_SECONDS = 30
POLL_SECONDS = 0.5
_PARTS = ("metadatabase", "scheduler", "dag_processor")


def make_environment(home: Path, port: int) -> dict[str, str]:
    """Returns Airflow's settings.

    Where it lives and listens is settled here; in the rest, whatever the caller has set stays.
    """
    url = f"http://127.0.0.1:{port}"
    own = {
        # An exported one may be that of another Airflow, whose database would be upgraded.
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        # Airflow starts its parts by name.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    defaults = {
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        # A node takes about 1 GB and most of a core.
        "AIRFLOW__CORE__PARALLELISM": str(max(2, os.cpu_count() or 2)),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return {**defaults, **os.environ, **own}


def is_healthy(port: int) -> bool:
    """Says whether the database, the scheduler and the DAG processor are all up."""
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5
        ) as answer:
            health = json.load(answer)
    except (urllib.error.URLError, OSError, json.JSONDecodeError):
        return False
    return all(health[part]["status"] == "healthy" for part in _PARTS)


def read_login(home: Path) -> tuple[str, str]:
    """Returns user and password, which Airflow makes up at its first start."""
    file = home / "simple_auth_manager_passwords.json.generated"
    [(user, password)] = json.loads(file.read_text()).items()
    return user, password


def wait_until_healthy(process: subprocess.Popen[bytes], port: int, log_file: Path) -> None:
    """Returns once Airflow is up.

    Raises:
      SystemExit: It stopped, or took too long; the message shows the end of its log.
    """
    deadline = time.monotonic() + START_SECONDS
    while not is_healthy(port):
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log_file.read_text(errors="replace").splitlines()[-20:])
            raise SystemExit(f"Airflow did not start; the end of {log_file}:\n{tail}")
        time.sleep(POLL_SECONDS)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stops Airflow with everything that it started; another Ctrl-C does not cut that short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def main() -> None:
    """Starts Airflow, says where it is, and stops it with this process."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--home", type=Path, required=True, help="Folder of Airflow's files.")
    parser.add_argument("--port", type=int, default=8080, help="Port of its user interface.")
    arguments = parser.parse_args()
    home = arguments.home.absolute()
    (home / "dags").mkdir(parents=True, exist_ok=True)
    log_file = home / "standalone.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - Airflow's own command, beside this Python
            [str(Path(sys.executable).with_name("airflow")), "standalone"],
            env=make_environment(home, arguments.port),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # SIGINT too: a shell that starts this in the background has it ignored.
    for stop_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop_signal, signal.default_int_handler)
    try:
        print(f"starting Airflow; its log: {log_file}", flush=True)
        wait_until_healthy(process, arguments.port, log_file)
        user, password = read_login(home)
        print(f"Airflow is at http://127.0.0.1:{arguments.port}", flush=True)
        print(f"user {user}, password {password}; Ctrl-C stops it", flush=True)
        process.wait()
    except KeyboardInterrupt:
        print("stopping Airflow", flush=True)
    finally:
        stop(process)


if __name__ == "__main__":
    main()
