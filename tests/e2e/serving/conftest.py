"""A model server in a process of its own, started as a user starts it."""

from support.serving.fixtures import colours_folder, digits, models_folder
from support.serving.process import serve_process

__all__ = ["colours_folder", "digits", "models_folder", "serve_process"]
