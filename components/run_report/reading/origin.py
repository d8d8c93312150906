"""Reads where a model comes from, and what this machine is."""

import hashlib
import os
import platform
from collections.abc import Mapping
from importlib.metadata import distributions, version

from tfx.types import Artifact
from tfx.types.standard_component_specs import EXAMPLES_KEY

from components.custom_properties import read_strings
from components.idx_example_gen.source_files import source_files
from components.run_report.content.origin import Origin

_PACKAGES = (
    "tfx",
    "tensorflow",
    "keras",
    "tensorflow-data-validation",
    "tensorflow-model-analysis",
)


def read_origin(artifacts: Mapping[str, Artifact], code_digest: str) -> Origin:
    """Returns from what, by what and on what a model was made.

    Args:
      artifacts: By the names of RunReport's inputs.
      code_digest: Digest of the code that trained the model.
    """
    examples = artifacts[EXAMPLES_KEY]
    properties = read_strings(examples)
    return Origin(
        data_files=source_files(properties),
        test_files=tuple(source_files(properties, ["test"])),
        code_digest=code_digest,
        artifacts={name: artifact.id for name, artifact in sorted(artifacts.items())},
        versions={
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
        lock_digest=_digest_packages(),
        machine=f"{platform.platform()}, {os.cpu_count()} cores",
    )


def _digest_packages() -> str:
    """Returns the SHA-256 of name and version of each package that is installed.

    A lock file says what should be; it is not there where the project is installed from a wheel.
    """
    names = sorted({f"{each.name}=={each.version}" for each in distributions()})
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
