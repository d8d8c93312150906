"""`tfx-mnist serve` and `tfx-mnist predict`, as a user types them."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import tensorflow as tf
from PIL import Image

from serving.client.grpc import GrpcClient
from serving.client.rest import RestClient
from support.free_ports import find_free_ports, has_ipv6_loopback
from support.programs import PREDICT, SERVE
from support.project import PROJECT
from support.serving.process import ServeProcess
from support.waiting import DEADLINE_SECONDS

DATA = PROJECT / "data" / "mnist" / "t10k-images-idx3-ubyte.gz"


def predict(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PREDICT, "--model_name=mnist", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def server(
    serve_process: Callable[..., ServeProcess], models_folder: Path, tmp_path: Path
) -> ServeProcess:
    batching = tmp_path / "batching.config"
    batching.write_text("max_batch_size { value: 64 }")
    monitoring = tmp_path / "monitoring.config"
    monitoring.write_text("prometheus_config { enable: true }")
    return serve_process(
        "--model_name=mnist",
        f"--model_base_path={models_folder / 'mnist'}",
        "--enable_batching",
        f"--batching_parameters_file={batching}",
        f"--monitoring_config_file={monitoring}",
        "--tensorflow_intra_op_parallelism=1",
    )


def test_pictures_idx_rows_and_json_are_predicted_over_both_apis(
    server: ServeProcess, digits: tuple[Any, Any], tmp_path: Path
):
    images, labels = digits
    picture = tmp_path / "digit.png"
    # Dark on light and three times as large, as somebody would scan it.
    scan = Image.fromarray(255 - images[0]).resize((84, 84), Image.Resampling.BICUBIC)
    scan.save(picture)
    for url in (server.url, f"grpc://{server.grpc_address}"):
        answer = predict("--url", url, str(picture), "--json")
        assert answer.returncode == 0, answer.stderr
        [entry] = json.loads(answer.stdout)
        assert (entry["name"], entry["class"]) == (str(picture), labels[0])
        assert entry["class_name"] == str(labels[0])
        assert abs(sum(entry["probabilities"]) - 1) < 1e-3
    table = predict(
        "--url", server.url, str(picture), "--idx", str(DATA), "--rows", "5:8", "--show"
    )
    assert table.returncode == 0, table.stderr
    assert "as the model saw it" in table.stdout
    assert "█" in table.stdout
    assert re.search(r"│  \d  █\S* +\d+\.\d\d%", table.stdout), table.stdout
    assert "t10k-images-idx3-ubyte.gz row 7" in table.stdout
    piped = predict(
        "--url", server.url, "-", "--json", stdin=json.dumps({"instances": images[:2].tolist()})
    )
    assert [entry["class"] for entry in json.loads(piped.stdout)] == labels[:2].tolist()
    broken = tmp_path / "broken.png"
    broken.write_bytes(picture.read_bytes()[:100])
    some = predict("--url", server.url, str(broken), str(picture), "nope.png", "--json")
    assert some.returncode == 1
    assert [entry["name"] for entry in json.loads(some.stdout)] == [str(picture)]
    first, second = some.stderr.splitlines()
    assert first.startswith(f"Error: {broken}: the picture can't be read: ")
    assert second.startswith("Error: nope.png: expected a file, received nothing")
    assert httpx.get(f"{server.url}/monitoring/prometheus/metrics").status_code == 200
    assert server.stop() == 0


class _MissingFile(tf.Module):
    """Reads a file that is not there, of which TensorFlow warns each time."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def read(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": x + tf.strings.to_number(tf.io.read_file("missing"))}


def test_the_log_holds_the_servers_own_lines_alone(
    serve_process: Callable[..., ServeProcess], tmp_path: Path
):
    module = _MissingFile()
    tf.saved_model.save(module, str(tmp_path / "m" / "1"), signatures=module.read)
    server = serve_process("--model_name=m", f"--model_base_path={tmp_path / 'm'}")

    answer = httpx.post(f"{server.url}/v1/models/m:predict", json={"instances": [1.0]})

    assert "missing; No such file" in answer.text
    assert server.stop() == 0
    lines = server.log.read_text().splitlines()
    assert lines
    assert [line for line in lines if not re.match(r"\d{4}-\d\d-\d\d .* INFO ", line)] == []


@pytest.mark.skipif(not has_ipv6_loopback(), reason="this machine has no IPv6 loopback")
def test_addresses_of_ipv6_are_printed_as_clients_take_them(
    serve_process: Callable[..., ServeProcess], models_folder: Path
):
    base_path = models_folder / "half_plus_two"
    server = serve_process("--model_name=m", f"--model_base_path={base_path}", "--host=::1")
    assert re.fullmatch(r"http://\[::1\]:\d+", server.url)
    assert re.fullmatch(r"\[::1\]:\d+", server.grpc_address)
    for client in (RestClient(server.url, "m"), GrpcClient(server.grpc_address, "m")):
        with client:
            assert client.predict({"x": [2.0]}).outputs["y"].tolist() == [3.0]
    assert server.stop() == 0


def test_pictures_in_colour_are_answered_with_the_names_of_their_classes(
    serve_process: Callable[..., ServeProcess], colours_folder: Path, tmp_path: Path
):
    config = tmp_path / "models.config"
    entries = [
        f'config {{ name: "{name}" base_path: "{colours_folder / name}" '
        'model_platform: "tensorflow" }'
        for name in ("named", "nameless")
    ]
    config.write_text(f"model_config_list {{ {' '.join(entries)} }}")
    server = serve_process(f"--model_config_file={config}")
    picture = tmp_path / "sky.jpg"
    Image.new("RGB", (640, 200), (20, 70, 240)).save(picture)
    asked = (str(picture), "--url", server.url, "--model_name")

    [named] = json.loads(predict(*asked, "named", "--json").stdout)
    table = predict(*asked, "named")
    [nameless] = json.loads(predict(*asked, "nameless", "--json").stdout)
    over_grpc = predict(*asked, "named", "--json", "--url", f"grpc://{server.grpc_address}")

    assert (named["name"], named["class"], named["class_name"]) == (str(picture), 2, "sky blue")
    assert (nameless["class"], nameless["class_name"]) == (2, "2")
    assert nameless["probabilities"] == pytest.approx(named["probabilities"], abs=1e-4)
    assert json.loads(over_grpc.stdout)[0]["class_name"] == "sky blue"
    assert re.search(r"│ sky blue +│ \d+\.\d\d% +│ \w", table.stdout), table.stdout
    assert re.search(r"green +█* +\d+\.\d\d%", table.stdout), table.stdout
    raw = predict(*asked, "named", "--raw")
    assert raw.returncode == 1
    assert "expected 32 x 24 pixels, which --raw asks for, received 640 x 200" in raw.stderr


def test_bad_input_says_what_is_wrong(server: ServeProcess, tmp_path: Path, closed_port: int):
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    idx = ("--idx", str(DATA))
    for arguments, message in (
        ([], "name at least one PICTURE"),
        ([str(text)], "notes.txt: expected a picture (PNG, JPEG, WebP"),
        ([str(tmp_path / "missing.png")], "missing.png: expected a file, received nothing"),
        ([*idx, "--rows", "a:b"], "expected a range such as 0:10"),
        ([*idx, "--rows", "10000:10001"], "row 10000 is asked for, of 10000"),
        ([*idx, "--url", "ftp://x"], "expected http://, https://, grpc:// or grpcs://"),
        ([*idx, "--url", f"http://127.0.0.1:{closed_port}"], "can't be reached"),
    ):
        answer = predict("--url", server.url, *arguments)
        assert answer.returncode != 0
        assert message in answer.stderr
    answer = predict("--url", server.url, "-", stdin="[[1, 2]]")
    assert "expected images of 28 x 28 pixels" in answer.stderr


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--batching_parameters_file=x"], "of no use without --enable_batching"),
        (["--model_config_file=missing"], "missing can't be read"),
        (["--tls_certificate_file=x"], "TLS needs both"),
        (
            [f"--tls_certificate_file={__file__}", f"--tls_private_key_file={__file__}"],
            "expected a PEM certificate and its key without a password, received",
        ),
        (["--bearer_token_file=missing"], "can't be read"),
    ],
)
def test_bad_flags_are_refused_at_once(flags: list[str], message: str):
    answer = subprocess.run(
        [sys.executable, "-c", SERVE, *flags], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert message in answer.stderr


def test_server_that_is_stuck_in_reading_a_model_ends_all_the_same(tmp_path: Path):
    (tmp_path / "1").mkdir()
    os.mkfifo(tmp_path / "1" / "saved_model.pb")  # nobody ever writes into it
    [port] = find_free_ports(1)
    flags = [f"--model_base_path={tmp_path}", f"--rest_api_port={port}", "--port=0"]
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, *flags], stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr
        assert any("Loading {name" in line for line in server.stderr)
        server.terminate()
        assert server.wait(DEADLINE_SECONDS) == 0


@pytest.mark.parametrize("flag", ["--port", "--rest_api_port"])
def test_port_that_is_taken_is_an_error_that_names_it(
    models_folder: Path, tmp_path: Path, flag: str
):
    other = "--rest_api_port" if flag == "--port" else "--port"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        base_path = f"--model_base_path={models_folder / 'half_plus_two'}"
        answer = subprocess.run(
            [sys.executable, "-c", SERVE, base_path, f"{flag}={port}", f"{other}=0"],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
    assert answer.returncode == 1
    assert "Error: " in answer.stderr
    assert str(port) in answer.stderr
    assert "Traceback" not in answer.stderr
