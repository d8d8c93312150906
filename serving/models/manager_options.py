"""How models are loaded (standard library only)."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ManagerOptions:
    """How the manager loads; the defaults are those of TF Serving.

    Attributes:
      num_load_threads: How many versions are loaded at a time; 0 is one after the other too.
      max_num_load_retries: How often loading is tried again after it failed.
      load_retry_interval_seconds: How long to wait in between.
      allow_version_labels_for_unavailable_models: Take a label for a version that is not loaded.
    """

    num_load_threads: int = 0
    max_num_load_retries: int = 5
    load_retry_interval_seconds: float = 60.0
    allow_version_labels_for_unavailable_models: bool = False
