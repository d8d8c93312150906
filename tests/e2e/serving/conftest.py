"""A model server in a process of its own, started as a user starts it."""

from support.serving.fixtures import digits, models_folder
from support.serving.process import serve_process

__all__ = ["digits", "models_folder", "serve_process"]
