"""Looks for the version folders of models and says once, not at every look, what is wrong."""

import logging
from collections.abc import Callable, Iterable, Sequence

from serving.errors import ServingError
from serving.models.config import ModelConfig
from serving.models.policy import index_versions, pick_versions

logger = logging.getLogger(__name__)


class VersionFolders:
    """Lists base paths."""

    def __init__(self, list_children: Callable[[str], Sequence[str]]) -> None:
        self._list_children = list_children
        self._complaints: dict[str, str] = {}

    def find(self, configs: Iterable[ModelConfig]) -> dict[str, dict[int, str]]:
        """Returns for each model the folder of each version to serve.

        A model whose base path can't be read is left out: its storage may be back in a moment,
        and nothing is unloaded meanwhile.
        """
        found = {}
        for config in configs:
            base_path = config.base_path.rstrip("/")
            try:
                children = self._list_children(base_path)
            except (OSError, ServingError) as error:
                self._complain(
                    config.name,
                    f"Could not find base path {base_path} for servable {config.name} with error "
                    f"{error}",
                )
                continue
            folders = pick_versions(index_versions(children), config.policy)
            self._complain(config.name, "" if folders else _no_versions(config))
            found[config.name] = {
                number: f"{base_path}/{folder}" for number, folder in folders.items()
            }
        return found

    def _complain(self, name: str, message: str) -> None:
        if message and self._complaints.get(name) != message:
            logger.warning("%s", message)
        self._complaints[name] = message


def _no_versions(config: ModelConfig) -> str:
    return (
        f"No versions of servable {config.name} found under base path {config.base_path}. Did you "
        'forget to name your leaf directory as a number (eg. "/1/")?'
    )
