"""Which model the candidate is compared with."""

from pathlib import Path

from tfx.types.standard_artifacts import Model, ModelBlessing

from components.baseline_model.strategy import BaselineModelStrategy


def make_model(artifact_id: int, uri: Path) -> Model:
    uri.mkdir(exist_ok=True)
    model = Model()
    model.id = artifact_id
    model.uri = str(uri)
    return model


def make_blessing(model_id: int, *, blessed: bool) -> ModelBlessing:
    blessing = ModelBlessing()
    blessing.id = model_id + 100
    blessing.set_int_custom_property("current_model_id", model_id)
    blessing.set_int_custom_property("blessed", int(blessed))
    return blessing


def resolve(candidate: Model, models: list[Model], blessings: list[ModelBlessing]) -> list[int]:
    resolved = BaselineModelStrategy().resolve_artifacts(
        None, {"candidate": [candidate], "model": models, "model_blessing": blessings}
    )
    assert resolved["candidate"] == [candidate]
    return [model.id for model in resolved["model"]]


def test_the_last_blessed_model_that_still_exists_and_is_not_the_candidate(tmp_path: Path):
    models = [make_model(number, tmp_path / str(number)) for number in (1, 2, 3, 4)]
    blessings = [make_blessing(number, blessed=number != 3) for number in (1, 2, 3, 4)]
    candidate = models[-1]

    assert resolve(candidate, models, blessings) == [2]

    (tmp_path / "2").rmdir()

    assert resolve(candidate, models, blessings) == [1]

    (tmp_path / "1").rmdir()

    assert resolve(candidate, models, blessings) == []
