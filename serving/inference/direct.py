"""Calls models in threads, so that the loop that talks to clients never waits for TensorFlow."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from serving.models.loaded_model import LoadedModel
from serving.tensors import Array, Arrays


class Runner(Protocol):
    """Something that calls models."""

    async def run(
        self, model: LoadedModel, signature_name: str, inputs: Arrays
    ) -> dict[str, Array]:
        """Returns the outputs of one signature for these inputs."""

    def close(self) -> None:
        """Ends its threads."""


class DirectRunner:
    """Makes one call for each request."""

    def __init__(self, num_threads: int) -> None:
        self._threads = ThreadPoolExecutor(num_threads, thread_name_prefix="inference")

    async def run(
        self, model: LoadedModel, signature_name: str, inputs: Arrays
    ) -> dict[str, Array]:
        """Returns the outputs of one signature for these inputs."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, model.run, signature_name, inputs)

    def close(self) -> None:
        """Ends the threads; calls that run already come to their end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
