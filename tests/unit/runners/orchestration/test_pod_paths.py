"""Where containers see what is below the folder that a pipeline is compiled in."""

from pathlib import Path

import pytest

from pipeline.config import PipelineConfig
from runners.orchestration.pod_paths import IMAGE_CONTENT, IMAGE_HOME, PodFolders
from support.project import PROJECT

CHECKOUT = "/home/me/tfx-mnist"
ON_VOLUMES = PodFolders(home=IMAGE_HOME, kept=("/tfx", "/scratch"), outputs="/tfx")
IN_BUCKET = PodFolders(
    home=IMAGE_HOME,
    kept=("/gcs",),
    outputs="gs://bucket/a/",
    data="gs://bucket/a/",
    schemes=("gs://",),
    nodes_read_card=False,
)


def _config(folder: str = CHECKOUT, **paths: str) -> PipelineConfig:
    """Returns the configuration as it is where nothing is set, in `folder`."""
    defaults = {
        "pipeline_root": f"{folder}/runs/tfx-mnist",
        "serving_model_dir": f"{folder}/serving_model/tfx-mnist",
        "data_root": f"{folder}/data/mnist",
        "schema_path": f"{folder}/data/schema/schema.pbtxt",
        "model_card_path": f"{folder}/docs/model_card.md",
    }
    return PipelineConfig.model_validate(defaults | paths)


def _paths(config: PipelineConfig) -> dict[str, str]:
    return {
        key: value
        for key, value in config.model_dump().items()
        if isinstance(value, str) and ("/" in value)
    }


def test_what_is_read_is_in_the_image_and_what_is_written_on_the_first_volume():
    placed = ON_VOLUMES.place(_config(), CHECKOUT)

    assert _paths(placed) == {
        "pipeline_root": "/tfx/runs/tfx-mnist",
        "metadata_path": "/tfx/runs/tfx-mnist/metadata.db",
        "serving_model_dir": "/tfx/serving_model/tfx-mnist",
        "data_root": "/home/tfx/data/mnist",
        "schema_path": "/home/tfx/data/schema/schema.pbtxt",
        "model_card_path": "/home/tfx/docs/model_card.md",
    }
    ON_VOLUMES.check(placed.model_dump())


def test_with_a_bucket_data_are_there_too():
    placed = IN_BUCKET.place(_config(data_root=f"{CHECKOUT}/data/kmnist"), CHECKOUT)

    assert placed.pipeline_root == "gs://bucket/a/runs/tfx-mnist"
    assert placed.serving_model_dir == "gs://bucket/a/serving_model/tfx-mnist"
    assert placed.data_root == "gs://bucket/a/data/kmnist"
    assert placed.schema_path == "/home/tfx/data/schema/schema.pbtxt"
    IN_BUCKET.check(placed.model_dump())


@pytest.mark.parametrize("folder", [IMAGE_HOME, "/", "/home"])
@pytest.mark.parametrize("folders", [ON_VOLUMES, IN_BUCKET])
def test_the_image_itself_places_as_a_checkout_does(folder: str, folders: PodFolders):
    own = _config(IMAGE_HOME, pipeline_root="/tfx/a", serving_model_dir="/scratch/b")

    placed = folders.place(own, IMAGE_HOME)

    assert placed.schema_path == own.schema_path
    if folders is ON_VOLUMES:
        assert folders.place(own, folder) == placed == own
    else:
        elsewhere = _config(CHECKOUT, pipeline_root="/tfx/a", serving_model_dir="/scratch/b")
        assert folders.place(elsewhere, CHECKOUT) == placed


@pytest.mark.parametrize("folder", ["/tfx/me/checkout", "/tfx"])
def test_a_checkout_on_a_volume_of_the_same_path_is_a_checkout(folder: str):
    assert ON_VOLUMES.place(_config(folder), folder) == ON_VOLUMES.place(_config(), CHECKOUT)


def test_a_path_that_leads_into_the_checkout_by_a_link_is_one_of_the_checkout(tmp_path: Path):
    checkout = tmp_path / "checkout"
    (checkout / "data" / "mnist").mkdir(parents=True)
    (tmp_path / "link").symlink_to(checkout)

    placed = ON_VOLUMES.place(_config(data_root=f"{tmp_path}/link/data/mnist"), str(checkout))

    assert placed.data_root == "/home/tfx/data/mnist"


def test_a_card_that_no_node_reads_may_be_anywhere():
    config = _config(model_card_path="/srv/card.md")

    IN_BUCKET.check(IN_BUCKET.place(config, CHECKOUT).model_dump())
    with pytest.raises(ValueError, match=r"^model_card_path: .* no container sees"):
        ON_VOLUMES.check(ON_VOLUMES.place(config, CHECKOUT).model_dump())


@pytest.mark.parametrize("key", ["serving_model_dir", "data_root"])
def test_a_url_that_the_platform_does_not_know_is_refused(key: str):
    placed = IN_BUCKET.place(_config(**{key: "s3://mine/x"}), CHECKOUT)

    with pytest.raises(ValueError, match=rf"^{key}: expected gs://\.\.\. or .* s3://mine/x"):
        IN_BUCKET.check(placed.model_dump())


def test_a_volume_whose_name_is_a_pattern_is_refused_by_its_name():
    with pytest.raises(ValueError, match=r"^/tfx\[1\]: expected a path without \["):
        PodFolders(home=IMAGE_HOME, kept=("/tfx[1]",), outputs="/tfx[1]")


def test_values_that_are_no_paths_of_the_checkout_stay():
    config = _config(
        pipeline_root="gs://mine/runs",
        serving_model_dir="/scratch/models",
        data_root="/tfx/data",
        schema_path="/home/tfx/own.pbtxt",
        model_card_path="s3://mine/card.md",
    ).model_copy(update={"pipeline_name": "digits", "keep_versions": 2})

    placed = ON_VOLUMES.place(config, CHECKOUT)

    assert placed == config
    ON_VOLUMES.check(placed.model_dump())


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("data_root", f"{CHECKOUT}/data/fashion-mnist"),
        ("schema_path", f"{CHECKOUT}/my/schema.pbtxt"),
        ("model_card_path", f"{CHECKOUT}-2/docs/model_card.md"),
        ("data_root", "/mnt/mnist"),
    ],
)
def test_what_the_image_has_not_is_refused_before_any_container_looks_for_it(key: str, path: str):
    placed = ON_VOLUMES.place(_config(**{key: path}), CHECKOUT)

    with pytest.raises(ValueError, match=f"^{key}: expected a URL .* received {path}, which no"):
        ON_VOLUMES.check(placed.model_dump())


@pytest.mark.parametrize("key", ["pipeline_root", "serving_model_dir"])
def test_without_a_volume_nothing_is_written(key: str):
    folders = PodFolders(home=IMAGE_HOME, kept=(), outputs=None)
    given = {"pipeline_root": "gs://mine/runs", "serving_model_dir": "gs://mine/models"}
    del given[key]

    placed = folders.place(_config(**given), CHECKOUT)

    with pytest.raises(ValueError, match=f"^{key}: .* would be lost with the container"):
        folders.check(placed.model_dump())


def test_the_image_has_of_the_checkout_what_is_said_here():
    stage = (PROJECT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    taken = {line.strip("!/") for line in ignored if line.startswith(("!data", "!docs"))}

    assert taken == set(IMAGE_CONTENT)
    assert f"\nWORKDIR {IMAGE_HOME}\nCOPY data/ data/\nCOPY docs/model_card.md docs/\n" in stage
    assert all((PROJECT / part).exists() for part in IMAGE_CONTENT)
