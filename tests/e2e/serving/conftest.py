"""A model server in a process of its own, started as a user starts it."""

from serving_fixtures import digits, models_folder
from serving_process import serve_process

__all__ = ["digits", "models_folder", "serve_process"]
