"""A model server with two toy models and our own."""

from support.serving.fixtures import (
    colours_folder,
    connection,
    digits,
    model_configs,
    models_folder,
)

__all__ = ["colours_folder", "connection", "digits", "model_configs", "models_folder"]
