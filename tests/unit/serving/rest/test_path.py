import pytest

from serving.errors import ServingError
from serving.models.model_spec import ModelSpec
from serving.rest.path import parse_path


@pytest.mark.parametrize(
    ("method", "path", "model", "call"),
    [
        ("POST", "/v1/models/m:predict", ModelSpec("m"), "predict"),
        ("POST", "/V1/Models/m/Versions/3:classify", ModelSpec("m", 3), "classify"),
        ("POST", "/v1/models/m/versions/007:predict", ModelSpec("m", 7), "predict"),
        ("POST", "/v1/models/m/labels/stable:regress", ModelSpec("m", None, "stable"), "regress"),
        ("POST", "/v1/models/a%2Fb%20c:predict", ModelSpec("a/b c"), "predict"),
        ("GET", "/v1/models/m", ModelSpec("m"), "status"),
        ("GET", "/v1/models/m/versions/3", ModelSpec("m", 3), "status"),
        ("GET", "/v1/models/m/metadata", ModelSpec("m"), "metadata"),
        ("GET", "/v1/models/m/versions/3/metadata", ModelSpec("m", 3), "metadata"),
        ("GET", "/v1/models/m/METADATA", ModelSpec("m"), "status"),
    ],
    ids=[
        "call",
        "prefix in capitals",
        "version with zeros",
        "label",
        "escaped name",
        "status",
        "status of a version",
        "metadata",
        "metadata of a version",
        "metadata in capitals",
    ],
)
def test_path_is_read_as_by_tf_serving(method: str, path: str, model: ModelSpec, call: str):
    assert parse_path(method, path) == (model, call)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/models/m"),
        ("POST", "/v1/models/m:PREDICT"),
        ("POST", "/v1/models/m:explain"),
        ("POST", "/v1/models/m:predict/"),
        ("POST", "/v1/models/m:predict?a=b"),
        ("GET", "/v1/models/m/metadata?"),
        ("POST", "/v1/models/m/versions/x:predict"),
        ("POST", "/v1/models/m/versions/1/labels/a:predict"),
        ("POST", "/v1/models/a/b:predict"),
        ("GET", "/v1/models/m:predict"),
        ("GET", "/v1/models/m/versions/\u0663"),
        ("GET", "/v1"),
        ("DELETE", "/v1/models/m"),
    ],
    ids=[
        "no call",
        "call in capitals",
        "unknown call",
        "something after the call",
        "query",
        "empty query",
        "version that is no number",
        "version and label",
        "name with a slash",
        "call with GET",
        "version in Arabic digits",
        "nothing after v1",
        "DELETE",
    ],
)
def test_path_that_does_not_exist_is_malformed(method: str, path: str):
    with pytest.raises(ServingError) as error:
        parse_path(method, path)
    assert error.value.message == f"Malformed request: {method} {path}"
    assert error.value.http_status == 400


def test_question_without_a_name_is_refused():
    with pytest.raises(ServingError, match=r"^INVALID_ARGUMENT: Missing model name in request\.$"):
        parse_path("GET", "/v1/models")


def test_version_beyond_64_bits_is_refused():
    with pytest.raises(ServingError, match=r"Failed to convert version: 9{19} to numeric"):
        parse_path("POST", f"/v1/models/m/versions/{'9' * 19}:predict")
    with pytest.raises(ServingError, match="Failed to convert version"):
        parse_path("GET", f"/v1/models/m/versions/{'9' * 5000}")
