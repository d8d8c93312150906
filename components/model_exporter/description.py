"""What an exported file says of itself, in its format's own fields (standard library only)."""

from dataclasses import dataclass

from components.versioned_directory.push_record import PushOrigin

LICENCE = "Apache-2.0; the data that the model was trained on have a licence of their own"


@dataclass(frozen=True, kw_only=True)
class Description:
    """What an exported file says of itself.

    Attributes:
      name: The model's name.
      model_digest: SHA-256 of the SavedModel's files, by which its push record is found.
      version: Its number in a serving directory, "" as long as it has none.
      lineage: Where it comes from: names and values.
    """

    name: str
    model_digest: str
    version: str = ""
    lineage: dict[str, str]

    @property
    def properties(self) -> dict[str, str]:
        """All of it as names and values, without those that are not known."""
        properties = {
            "name": self.name,
            "version": self.version,
            "model_digest": self.model_digest,
            "licence": LICENCE,
            **self.lineage,
        }
        return {name: value for name, value in properties.items() if value}


def describe_model(origin: PushOrigin, model_digest: str, version: str = "") -> Description:
    """Returns what the exports of a model say of themselves.

    Args:
      origin: Where the model comes from.
      model_digest: SHA-256 of its files.
      version: Its number in a serving directory, "" as long as it has none.
    """
    return Description(
        name=origin.pipeline_name or "model",
        model_digest=model_digest,
        version=version,
        lineage={
            "run_id": origin.run_id,
            "data_fingerprint": origin.data_fingerprint,
            "code_digest": origin.code_digest,
        },
    )
