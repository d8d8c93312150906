"""Pushes a blessed model so that a model server sees it whole or not at all."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tfx import types
from tfx.components.pusher import executor
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import io_utils, path_utils, proto_utils

from components.atomic_pusher.origin import MODEL_CODE_DIGEST_KEY, read_origin
from components.atomic_pusher.remote_push import push_remotely
from components.atomic_pusher.servable import check_servable
from components.model_exporter.artifact import EXPORTS_KEY, is_blessed
from components.versioned_directory.exports import EXPORTS_PATH, MANIFEST_NAME, parse_manifest
from components.versioned_directory.model_files import digest_files, link_file, transfer_model
from components.versioned_directory.publishing import push_model
from components.versioned_directory.push_record import PushOrigin, make_record
from components.versioned_directory.versions import PushError
from modules.data_spec import DATA_SPEC_KEY, DataSpec

KEEP_VERSIONS_KEY = "keep_versions"

_HAS_MODEL_PROPERTY = "has_model"


class Executor(executor.Executor):
    """Executor of AtomicPusher: TFX's own, but for where and how the model goes."""

    def GetModelPath(self, input_dict: dict[str, list[types.Artifact]]) -> str:
        """Returns the folder of the model to push.

        A model that the infra blessing holds comes first: it is the one with warm-up requests.
        """
        blessings = input_dict.get(standard_component_specs.INFRA_BLESSING_KEY)
        if blessings:
            blessing = artifact_utils.get_single_instance(blessings)
            if blessing.get_int_custom_property(_HAS_MODEL_PROPERTY):
                return path_utils.stamped_model_path(blessing.uri)
        return super().GetModelPath(input_dict)

    def CheckBlessing(self, input_dict: dict[str, list[types.Artifact]]) -> bool:
        """Returns whether model, servability and exports are blessed, as far as they are given."""
        exports = input_dict.get(EXPORTS_KEY)
        if exports and not is_blessed(artifact_utils.get_single_instance(exports)):
            return False
        return super().CheckBlessing(input_dict)

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Pushes the model if every blessing that is given is one.

        Args:
          input_dict: As TFX's Pusher has it, and `evaluation`, `examples` and `exports`.
          output_dict: `pushed_model`, one artifact: it gets a copy of the model, and as custom
            properties whether, where and as which version the model was pushed.
          exec_properties: As TFX's Pusher has them, and those of AtomicPusherSpec.

        Raises:
          PushError: The model does not load, or the serving directory cannot be written. Nothing
            was published.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        pushed_model = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.PUSHED_MODEL_KEY]
        )
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed_model)
            return
        origin = read_origin(
            input_dict,
            **self._run(),
            code_digest=exec_properties[MODEL_CODE_DIGEST_KEY],
            data=DataSpec.model_validate_json(exec_properties[DATA_SPEC_KEY]),
        )
        base_directory = _read_base_directory(exec_properties)
        with _gather(self.GetModelPath(input_dict), input_dict.get(EXPORTS_KEY)) as source:
            # The archive comes first, so that nothing can fail once the version is published.
            io_utils.copy_dir(str(source), pushed_model.uri)
            number = _push(source, base_directory, origin, exec_properties[KEEP_VERSIONS_KEY])
        self._MarkPushed(
            pushed_model,
            pushed_destination=f"{base_directory}/{number}",
            pushed_version=str(number),
        )

    def _run(self) -> dict[str, str]:
        """Returns who pushes; empty outside of an orchestrator."""
        context = self._context
        return {
            "pipeline_name": context.pipeline_info.id if context and context.pipeline_info else "",
            "run_id": (context.pipeline_run_id if context else "") or "",
        }


def _push(source: Path, base_directory: str, origin: PushOrigin, keep: int) -> int:
    now = time.time()
    check = partial(check_servable, source=origin.model_uri)
    if "://" in base_directory:
        check(source)
        return push_remotely(source, base_directory, make_record(source, origin, now), now=now)
    version = push_model(
        source, Path(base_directory), origin=origin, check=check, keep=keep, now=now
    )
    return version.number


def _read_base_directory(exec_properties: dict[str, Any]) -> str:
    destination = pusher_pb2.PushDestination()
    proto_utils.json_to_proto(
        exec_properties[standard_component_specs.PUSH_DESTINATION_KEY], destination
    )
    return destination.filesystem.base_directory.rstrip("/")


@contextmanager
def _gather(model_path: str, exports: list[types.Artifact] | None) -> Iterator[Path]:
    """Yields a local folder with all that is to be published: the model, and its exports."""
    with _as_local_folder(model_path) as model:
        if not exports:
            yield model
            return
        with tempfile.TemporaryDirectory() as folder:
            gathered = Path(folder) / "model"
            gathered.mkdir()
            transfer_model(model, gathered, link_file)
            source = artifact_utils.get_single_uri(exports)
            io_utils.copy_dir(source, str(gathered / EXPORTS_PATH))
            _check_exports(gathered / EXPORTS_PATH, source)
            yield gathered


def _check_exports(folder: Path, source: str) -> None:
    """Compares exports with their manifest: TFX's cache only looks whether a folder is there."""
    received = digest_files(folder) if folder.exists() else {}
    expected = {MANIFEST_NAME: received.get(MANIFEST_NAME)}
    if MANIFEST_NAME in received:
        text = (folder / MANIFEST_NAME).read_text(encoding="utf-8")
        for record in parse_manifest(text).exports:
            expected |= {f"{record.format}/{name}": each for name, each in record.files.items()}
    if received != expected:
        raise PushError(
            f"{source}: expected the files that {MANIFEST_NAME} there lists, received others, or "
            "none. Nothing was published. Export again: tfx-mnist run --from ModelExporter"
        )


@contextmanager
def _as_local_folder(path: str) -> Iterator[Path]:
    """Yields the folder itself, or a temporary copy of a remote one."""
    if "://" not in path:
        yield Path(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        io_utils.copy_dir(path, f"{folder}/model")
        yield Path(folder) / "model"
