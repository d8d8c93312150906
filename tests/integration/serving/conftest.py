"""A model server with two toy models and our own."""

from support.serving.fixtures import connection, digits, model_configs, models_folder

__all__ = ["connection", "digits", "model_configs", "models_folder"]
