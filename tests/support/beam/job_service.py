"""Beam's own job service, as `python -m` starts it, on a port that it chooses."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc

from support.waiting import DEADLINE_SECONDS, wait_until


@dataclass(frozen=True)
class BeamJobService:
    """A job service that listens on `endpoint`, HOST:PORT."""

    endpoint: str

    def jobs(self) -> list[tuple[str, str]]:
        """Returns of each job the TFX executor that sent it and its state, in order."""
        with grpc.insecure_channel(self.endpoint) as channel:
            stub = beam_job_api_pb2_grpc.JobServiceStub(channel)
            answer = stub.GetJobs(beam_job_api_pb2.GetJobsRequest())
        return [
            (_executor(job), beam_job_api_pb2.JobState.Enum.Name(job.state))
            for job in answer.job_info
        ]


@contextlib.contextmanager
def run_job_service(log: Path) -> Iterator[BeamJobService]:
    """Runs the service until the caller is done with it; what it says goes to `log`."""
    port_file = log.with_suffix(".port")
    module = "apache_beam.runners.portability.local_job_service_main"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "--port_file", str(port_file)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        return port_file.exists()

    try:
        wait_until(listens, "Beam's job service to listen")
        yield BeamJobService(f"localhost:{port_file.read_text()}")
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)


def _executor(job: beam_job_api_pb2.JobInfo) -> str:
    labels = job.pipeline_options["beam:option:labels:v1"]
    [executor] = [label for label in labels if label.startswith("tfx_executor=")]
    return executor.removeprefix("tfx_executor=")
