"""A model to export, which has learned for some seconds."""

import pytest

from support.exports.models import ExportableModel, train_exportable_model


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> ExportableModel:
    return train_exportable_model(tmp_path_factory.mktemp("exportable"))
