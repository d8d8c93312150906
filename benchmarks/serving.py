"""Measures the model server: requests per second, latency and CPU time.

    .venv/bin/python -m benchmarks.serving MODEL_BASE_PATH

Asks about one image at a time, over REST and gRPC, with 1 and 16 clients, with and without
batching, and prints a table. The first line is the model alone, called in a process of its own:
what a server needs on top of that is its overhead. "gRPC alone" is a health check, which asks no
model: what grpcio takes of each call. Rates depend on the machine and on what else runs there; the
CPU time of the server, user and system, is the sounder number.

Below the table is how long each server took from its start to its first answer, and its memory
(resident set size) then and at the end.
"""

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from benchmarks.measuring.model_server import ServerUnderTest, serving
from serving.client.image_model import IMAGES_SIGNATURE, ImageModel
from serving.client.rest import RestClient

_CLIENTS = (1, 16)
_WARMUP_REQUESTS = 200

# Calls one signature of a SavedModel, and prints milliseconds of wall and of CPU time a call.
_IN_PROCESS = """
import json, os, sys, time
sys.modules["keras"] = None
import numpy as np, tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(1)
path, count = sys.argv[1], int(sys.argv[2])
model = tf.saved_model.load(path)
signature = model.signatures["serve_images"]
[spec] = signature.structured_input_signature[1].values()
images = np.random.default_rng(0).integers(0, 256, (1, *spec.shape[1:]), dtype=np.uint8)
def call():
    return {name: value.numpy() for name, value in signature(images=tf.constant(images)).items()}
for _ in range(200): call()
times, cpu = [], time.process_time()
for _ in range(count):
    started = time.perf_counter(); call(); times.append((time.perf_counter() - started) * 1000)
print(json.dumps([times, (time.process_time() - cpu) * 1000 / count]))
sys.stdout.flush(); os._exit(0)
"""


@dataclass(frozen=True)
class Measurement:
    """One line of the table; times in milliseconds."""

    what: str
    batching: bool
    num_clients: int
    requests_per_second: float
    p50: float
    p99: float
    cpu_per_request: float


def measure_in_process(version_path: Path, num_requests: int) -> Measurement:
    """Calls the model without a server."""
    output = subprocess.run(
        [sys.executable, "-c", _IN_PROCESS, str(version_path), str(num_requests)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    times, cpu = json.loads(output)
    return Measurement(
        "in process", False, 1, 1000 / float(np.mean(times)), *_percentiles(times), cpu
    )


def measure_server(
    target: ServerUnderTest,
    what: str,
    make_caller: Callable[[ServerUnderTest], Callable[[], None]],
    *,
    batching: bool,
    num_clients: int,
    num_requests: int,
) -> Measurement:
    """Sends requests from so many clients at once, each waiting for its answer."""
    callers = [make_caller(target) for _ in range(num_clients)]
    _call_all(callers, _WARMUP_REQUESTS)
    cpu_before, started = target.read_cpu_seconds(), time.perf_counter()
    times = _call_all(callers, num_requests)
    elapsed = time.perf_counter() - started
    cpu = (target.read_cpu_seconds() - cpu_before) * 1000 / len(times)
    return Measurement(what, batching, num_clients, len(times) / elapsed, *_percentiles(times), cpu)


def _call_all(callers: list[Callable[[], None]], num_requests: int) -> list[float]:
    """Returns the milliseconds of each call."""

    def run(call: Callable[[], None]) -> list[float]:
        times = []
        for _ in range(num_requests // len(callers)):
            started = time.perf_counter()
            call()
            times.append((time.perf_counter() - started) * 1000)
        return times

    with ThreadPoolExecutor(len(callers)) as threads:
        return [milliseconds for times in threads.map(run, callers) for milliseconds in times]


def _make_rest_caller(target: ServerUnderTest) -> Callable[[], None]:
    connection = http.client.HTTPConnection("127.0.0.1", target.rest_port, timeout=60)
    images = _make_image(target).tolist()
    body = json.dumps({"signature_name": IMAGES_SIGNATURE, "instances": images}).encode()

    def call() -> None:
        connection.request("POST", "/v1/models/m:predict", body)
        response = connection.getresponse()
        content = response.read()
        if response.status != http.client.OK:
            raise RuntimeError(f"expected 200, received {response.status}: {content!r}")

    return call


def _make_grpc_caller(target: ServerUnderTest) -> Callable[[], None]:
    import tensorflow as tf  # noqa: PLC0415 - slow, and not for --help
    from tensorflow_serving.apis import predict_pb2  # noqa: PLC0415

    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "m", IMAGES_SIGNATURE
    request.inputs["images"].CopyFrom(tf.make_tensor_proto(_make_image(target)))
    body = request.SerializeToString()
    return _make_caller(target, "tensorflow.serving.PredictionService/Predict", body)


def _make_health_caller(target: ServerUnderTest) -> Callable[[], None]:
    return _make_caller(target, "grpc.health.v1.Health/Check", b"")


def _make_caller(target: ServerUnderTest, method: str, body: bytes) -> Callable[[], None]:
    import grpc  # type: ignore[import-untyped]  # noqa: PLC0415

    # Bytes in, bytes out: what the client does costs as little as it can.
    channel = grpc.insecure_channel(target.grpc_address, [("grpc.use_local_subchannel_pool", 1)])
    call = channel.unary_unary(f"/{method}")
    return lambda: call(body, timeout=60)


def _make_image(target: ServerUnderTest) -> npt.NDArray[np.uint8]:
    """Returns one image, as large as the served model takes it."""
    with RestClient(f"http://127.0.0.1:{target.rest_port}", "m") as client:
        shape = ImageModel(client).image_shape
    return np.random.default_rng(0).integers(0, 256, (1, *shape), dtype=np.uint8)


def _percentiles(times: list[float]) -> tuple[float, float]:
    p50, p99 = np.percentile(times, [50, 99])
    return float(p50), float(p99)


def _print_table(measurements: list[Measurement]) -> None:
    alone = measurements[0].cpu_per_request
    click.echo("| | batching | clients | requests/s | p50 ms | p99 ms | CPU ms | overhead ms |")
    click.echo("|---|---|---|---|---|---|---|---|")
    for line in measurements:
        click.echo(
            f"| {line.what} | {'yes' if line.batching else 'no'} | {line.num_clients} "
            f"| {line.requests_per_second:.0f} | {line.p50:.2f} | {line.p99:.2f} "
            f"| {line.cpu_per_request:.2f} | {line.cpu_per_request - alone:.2f} |"
        )


def _newest_version(base_path: Path) -> Path:
    versions = [path for path in base_path.iterdir() if re.fullmatch(r"\d+", path.name)]
    if not versions:
        raise click.UsageError(f"{base_path}: has no version; run the pipeline first")
    return max(versions, key=lambda path: int(path.name))


@click.command()
@click.argument("model_base_path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--requests", "num_requests", default=2000, help="Requests in each line.")
def main(model_base_path: Path, num_requests: int) -> None:
    """Measure a server of the newest model under MODEL_BASE_PATH (signature serve_images)."""
    model_base_path = model_base_path.absolute()
    measurements = [measure_in_process(_newest_version(model_base_path), num_requests)]
    notes = []
    for batching in (False, True):
        with serving(model_base_path, batching=batching) as target:
            _make_rest_caller(target)()
            seconds, memory = time.perf_counter() - target.started, target.read_memory_mb()
            for what, make_caller in _CALLERS.items():
                measurements += [
                    measure_server(
                        target,
                        what,
                        make_caller,
                        batching=batching,
                        num_clients=num_clients,
                        num_requests=num_requests,
                    )
                    for num_clients in _CLIENTS
                ]
            notes.append(
                f"Batching {'yes' if batching else 'no'}: first answer after {seconds:.1f} s, "
                f"{memory:.0f} MB then, {target.read_memory_mb():.0f} MB at the end"
            )
    _print_table(measurements)
    click.echo("\n".join(["", *notes]))


_CALLERS = {
    "REST": _make_rest_caller,
    "gRPC": _make_grpc_caller,
    "gRPC alone": _make_health_caller,
}


if __name__ == "__main__":
    main()
