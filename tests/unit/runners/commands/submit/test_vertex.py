"""What `tfx-mnist submit vertex` sends, read by a server that stands in for Vertex AI."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from google.auth import jwt

from runners.commands.submit.group import submit
from support.vertex.stand_in import VertexStandIn, run_stand_in
from support.vertex.submission import ACCOUNT, DIGITS, write_account_key, write_job

pytest.importorskip("kfp", reason="kfp installs on Python 3.11 only")

_PARENT = "projects/1234567/locations/europe-west4"
_CONSOLE = "https://console.cloud.google.com/vertex-ai/locations/europe-west4/pipelines"


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    return write_job(tmp_path / "digits.json")


@pytest.fixture
def vertex() -> Iterator[VertexStandIn]:
    with run_stand_in() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def account_key(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The key file of a service account, and its public key."""
    file = tmp_path_factory.mktemp("account") / "key.json"
    return file, write_account_key(file)


@pytest.fixture(autouse=True)
def _no_own_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, account_key: tuple[Path, str]
) -> None:
    """Keeps the client from the credentials and the proxy of the person who runs the tests."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account_key[0]))


def _arguments(pipeline: Path, url: str, *options: str) -> list[str]:
    location = ["--project", "mail", "--region", "europe-west4", "--endpoint", url]
    return ["vertex", str(pipeline), *location, *options]


def _submit(pipeline: Path, url: str, *options: str) -> Result:
    return CliRunner().invoke(submit, _arguments(pipeline, url, *options))


def _submit_in_process(pipeline: Path, url: str, **environment: str) -> Any:
    """Runs the command as a shell does, so that whatever a library prints is seen."""
    program = "from runners.commands.submit.group import submit; submit()"
    return subprocess.run(
        [sys.executable, "-c", program, *_arguments(pipeline, url)],
        env=os.environ | {"NO_GCE_CHECK": "true"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_carries_the_pipeline_and_typed_parameters(pipeline: Path, vertex: VertexStandIn):
    parameters = ("training.epochs=3", "training_learning_rate=0.5", "data_root=gs://bucket/new")
    answer = _submit(
        pipeline,
        vertex.url,
        *(f"--param={parameter}" for parameter in parameters),
        "--service-account=runner@mail.iam.gserviceaccount.com",
        "--network=projects/1/global/networks/inner",
    )

    assert answer.exit_code == 0, answer.output
    [run] = vertex.requests
    assert run.path == "/v1/projects/mail/locations/europe-west4/pipelineJobs"
    assert re.fullmatch(r"digits-\d{14}", run.query["pipelineJobId"][0])
    assert run.body == {
        "displayName": "digits",
        "labels": {"team": "post"},
        "pipelineSpec": DIGITS,
        "runtimeConfig": {
            "gcsOutputDirectory": "gs://bucket/runs",
            "parameterValues": {
                "training_augment": False,
                "training_epochs": 3,
                "training_learning_rate": 0.5,
                "data_root": "gs://bucket/new",
            },
        },
        "serviceAccount": "runner@mail.iam.gserviceaccount.com",
        "network": "projects/1/global/networks/inner",
    }


def test_a_custom_job_runs_as_the_other_tasks_and_in_their_network(
    pipeline: Path, vertex: VertexStandIn
):
    job = json.loads(pipeline.read_text())
    executors = job["pipelineSpec"]["deploymentSpec"]["executors"]
    container = executors["train"]["container"]
    pool = {
        "replicaCount": "1",
        "machineSpec": {"machineType": "n1-standard-4"},
        "containerSpec": {
            "imageUri": container["image"],
            "command": container["command"],
            "args": container["args"],
        },
    }
    custom_job = {"displayName": "train", "jobSpec": {"workerPoolSpecs": [pool]}}
    executors["train"] = {"customJob": {"customJob": custom_job}}
    pipeline.write_text(json.dumps(job))

    answer = _submit(
        pipeline,
        vertex.url,
        "--service-account=runner@mail.iam.gserviceaccount.com",
        "--network=projects/1/global/networks/inner",
    )

    assert answer.exit_code == 0, answer.output
    [sent] = vertex.requests[0].body["pipelineSpec"]["deploymentSpec"]["executors"].values()
    assert sent["customJob"]["customJob"]["jobSpec"] == {
        "workerPoolSpecs": [pool],
        "serviceAccount": "runner@mail.iam.gserviceaccount.com",
        "network": "projects/1/global/networks/inner",
    }


def test_a_request_is_signed_with_the_default_credentials(
    pipeline: Path, vertex: VertexStandIn, account_key: tuple[Path, str]
):
    assert _submit(pipeline, vertex.url).exit_code == 0

    scheme, _, token = str(vertex.requests[0].token).partition(" ")
    assert scheme == "Bearer"
    assert jwt.decode(token, certs=account_key[1])["iss"] == ACCOUNT


def test_a_run_prints_its_name_and_its_page_and_nothing_else(pipeline: Path, vertex: VertexStandIn):
    answer = _submit_in_process(pipeline, vertex.url)

    [run_id] = vertex.requests[0].query["pipelineJobId"]
    assert answer.stdout.splitlines() == [
        f"run {_PARENT}/pipelineJobs/{run_id}",
        f"{_CONSOLE}/runs/{run_id}?project=mail",
    ]
    assert (answer.stderr, answer.returncode) == ("", 0)


def test_root_and_cache_of_the_file_give_way_to_the_options(pipeline: Path, vertex: VertexStandIn):
    job = json.loads(pipeline.read_text())
    job["runtimeConfig"]["gcsOutputDirectory"] = "/not/on/google/cloud"
    pipeline.write_text(json.dumps(job))

    answer = _submit(pipeline, vertex.url, "--pipeline-root=gs://other/runs", "--no-cache")

    assert answer.exit_code == 0, answer.output
    [run] = vertex.requests
    assert run.body["runtimeConfig"]["gcsOutputDirectory"] == "gs://other/runs"
    [task] = run.body["pipelineSpec"]["root"]["dag"]["tasks"].values()
    assert task["cachingOptions"] == {"enableCache": False}


def test_what_tasks_keep_below_the_root_moves_with_it(pipeline: Path, vertex: VertexStandIn):
    job = json.loads(pipeline.read_text())
    [task] = job["pipelineSpec"]["root"]["dag"]["tasks"].values()
    taken = job["pipelineSpec"]["components"]["trainer"]["inputDefinitions"]["parameters"]
    texts = {
        "backup": '{"backup_root": "gs://bucket/runs/Trainer/backup"}',
        "models": "gs://bucket/runs/serving",
    }
    for name, text in texts.items():
        taken[name] = {"parameterType": "STRING"}
        task["inputs"]["parameters"][name] = {"runtimeValue": {"constant": text}}
    pipeline.write_text(json.dumps(job))

    answer = _submit(pipeline, vertex.url, "--pipeline-root=gs://other/runs/")

    assert answer.exit_code == 0, answer.output
    [sent] = vertex.requests[0].body["pipelineSpec"]["root"]["dag"]["tasks"].values()
    values = {
        name: sent["inputs"]["parameters"][name]["runtimeValue"]["constant"] for name in texts
    }
    assert values == {
        "backup": '{"backup_root": "gs://other/runs/Trainer/backup"}',
        "models": "gs://bucket/runs/serving",
    }


def test_a_schedule_takes_the_place_of_the_earlier_one(pipeline: Path, vertex: VertexStandIn):
    vertex.schedules = [{"name": "projects/1/schedules/other", "displayName": "letters"}]
    assert _submit(pipeline, vertex.url, "--schedule", "0 4 * * *").exit_code == 0
    answer = _submit(
        pipeline,
        vertex.url,
        "--schedule",
        "TZ=Europe/Berlin 0 5 * * *",
        "--param=training.epochs=3",
    )

    assert answer.output.splitlines() == [
        f"schedule {_PARENT}/schedules/2: TZ=Europe/Berlin 0 5 * * *",
        f"{_CONSOLE}/schedules/2?project=mail",
    ]
    assert vertex.calls[2:] == ["GET schedules", "GET schedules", "POST schedules", "DELETE 1"]
    assert [each["name"].rpartition("/")[2] for each in vertex.schedules] == ["other", "2"]
    schedule = vertex.schedules[-1]
    assert (schedule["displayName"], schedule["cron"]) == ("digits", "TZ=Europe/Berlin 0 5 * * *")
    assert schedule["maxConcurrentRunCount"] == "1"
    assert schedule["maxConcurrentActiveRunCount"] == "1"
    request = schedule["createPipelineJobRequest"]
    assert request["parent"] == "projects/mail/locations/europe-west4"
    assert request["pipelineJob"]["pipelineSpec"] == DIGITS
    assert request["pipelineJob"]["runtimeConfig"]["parameterValues"]["training_epochs"] == 3


def test_a_refused_schedule_leaves_the_earlier_one(pipeline: Path, vertex: VertexStandIn):
    assert _submit(pipeline, vertex.url, "--schedule", "0 4 * * *").exit_code == 0
    vertex.refusals = {"POST": (400, "Invalid cron: often")}

    answer = _submit(pipeline, vertex.url, "--schedule", "often")

    assert answer.exit_code == 1
    assert (
        answer.output == f"Error: {vertex.url}: refused with 400 BadRequest: Invalid cron: often\n"
    )
    assert [each["cron"] for each in vertex.schedules] == ["0 4 * * *"]


def test_an_earlier_schedule_that_may_not_be_deleted_is_named_with_the_new_one(
    pipeline: Path, vertex: VertexStandIn
):
    assert _submit(pipeline, vertex.url, "--schedule", "0 4 * * *").exit_code == 0
    vertex.refusals = {"DELETE": (403, "not yours")}

    answer = _submit(pipeline, vertex.url, "--schedule", "0 5 * * *")

    assert answer.exit_code == 1
    assert answer.output == (
        f"Error: {vertex.url}: refused with 403 Forbidden: not yours "
        f"{_PARENT}/schedules/2 was made, and {_PARENT}/schedules/1 is still there: delete it.\n"
    )


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("epochs=3", "epochs: no such parameter; there are training_epochs, "),
        ("training.epochs=many", "training.epochs: expected NUMBER_INTEGER, received 'many'"),
        ("training_augment=perhaps", "training_augment: expected BOOLEAN, received 'perhaps'"),
        ("training.epochs=0", "training.epochs: Input should be greater than or equal to 1; rec"),
        ("training.epochs", "--param: expected NAME=VALUE, received 'training.epochs'"),
    ],
)
def test_a_bad_parameter_is_named_and_nothing_is_sent(
    pipeline: Path, vertex: VertexStandIn, parameter: str, message: str
):
    answer = _submit(pipeline, vertex.url, "--param", parameter)

    assert answer.exit_code == 2
    assert message in answer.output
    assert vertex.requests == []


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('"componentRef": {"name": "trainer"}', '"componentRef": {"name": "train"}', "'train'"),
        ("gs://bucket/runs", "/runs", "pipeline root: expected gs://..., received '/runs'"),
        ("{", "schemaVersion: 2.1.0\n", "digits.json: expected the JSON that tfx-mnist compile"),
    ],
)
def test_a_file_with_faults_is_not_sent(
    pipeline: Path, vertex: VertexStandIn, right: str, wrong: str, message: str
):
    pipeline.write_text(pipeline.read_text().replace(right, wrong))

    answer = _submit(pipeline, vertex.url)

    assert answer.exit_code == 2
    assert message in answer.output
    assert vertex.requests == []


def test_a_zone_is_no_region(pipeline: Path, vertex: VertexStandIn):
    answer = _submit(pipeline, vertex.url, "--region", "europe-west4-a")

    assert answer.exit_code == 2
    assert "expected a region such as europe-west4, received 'europe-west4-a'" in answer.output
    assert vertex.requests == []


@pytest.mark.parametrize(
    ("status", "name"),
    [(400, "BadRequest"), (403, "Forbidden"), (404, "NotFound"), (503, "ServiceUnavailable")],
)
def test_a_refusal_is_one_line_with_its_reason(
    pipeline: Path, vertex: VertexStandIn, status: int, name: str
):
    vertex.refusals = {"POST": (status, "No: never\n  again.")}

    answer = _submit(pipeline, vertex.url)

    assert answer.exit_code == 1
    assert answer.output == (
        f"Error: {vertex.url}: refused with {status} {name}: No: never again.\n"
    )


def test_an_api_that_is_not_there_is_one_line(pipeline: Path):
    with run_stand_in() as stopped:
        pass

    answer = _submit(pipeline, stopped.url)

    assert answer.exit_code == 1
    assert f"Error: {stopped.url}: Vertex AI's API cannot be reached (" in answer.output
    assert "Connection refused" in answer.output
    assert len(answer.output.splitlines()) == 1


def test_without_credentials_one_line_says_what_to_do(pipeline: Path, vertex: VertexStandIn):
    missing = pipeline.with_name("missing.json")

    answer = _submit_in_process(pipeline, vertex.url, GOOGLE_APPLICATION_CREDENTIALS="")
    other = _submit_in_process(pipeline, vertex.url, GOOGLE_APPLICATION_CREDENTIALS=str(missing))

    advice = (
        "Run gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS to the "
        "key file of a service account."
    )
    found = re.fullmatch(rf"Error: no credentials for Google Cloud: .+ {advice}\n", answer.stderr)
    assert (found is not None, answer.returncode) == (True, 1), answer.stderr
    assert other.stderr == (
        f"Error: no credentials for Google Cloud: File {missing} was not found. {advice}\n"
    )
    assert vertex.requests == []


def test_credentials_that_give_no_access_say_why(
    pipeline: Path, vertex: VertexStandIn, monkeypatch: pytest.MonkeyPatch
):
    federated = pipeline.with_name("federated.json")
    content = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": "/var/run/nobody-mounted-this"},
    }
    federated.write_text(json.dumps(content))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(federated))

    answer = _submit(pipeline, vertex.url)

    assert answer.exit_code == 1
    assert answer.output == (
        "Error: the credentials for Google Cloud gave no access: "
        "File '/var/run/nobody-mounted-this' was not found.\n"
    )
    assert vertex.requests == []


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "GOOGLE_APPLICATION_CREDENTIALS"])
def test_a_variable_that_names_no_file_is_one_line(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    path = tmp_path if name == "GOOGLE_APPLICATION_CREDENTIALS" else tmp_path / "missing"
    monkeypatch.setenv(name, str(path))

    answer = _submit(pipeline, "https://127.0.0.1:1")

    assert answer.exit_code == 1
    expected = "Error: https://127.0.0.1:1: Vertex AI's API cannot be asked: "
    assert answer.output.startswith(expected)
    assert str(path) in answer.output
    assert name in answer.output
    assert len(answer.output.splitlines()) == 1


def test_a_proxy_that_refuses_is_named(
    pipeline: Path, monkeypatch: pytest.MonkeyPatch, closed_port: int
):
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed_port}")

    answer = _submit(pipeline, "https://europe-west4-aiplatform.example.com")

    assert answer.exit_code == 1
    assert f"host='127.0.0.1', port={closed_port}" in answer.output
    assert "Is the proxy right (HTTPS_PROXY)?" in answer.output
