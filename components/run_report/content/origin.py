"""What a report says of where a model comes from."""

from components.run_report.content.part import Part


class Origin(Part):
    """From what, by what and on what a model was made.

    Attributes:
      data_files: SHA-256 of each source file, by name.
      test_files: Names of those that hold the rows that no model is trained on.
      code_digest: Digest of the code that trained it; "" if that is not known.
      artifacts: Ids in ML Metadata, by what the artifact is.
      versions: Of Python and of packages that matter, by name, where the report was measured.
      lock_digest: SHA-256 of what is installed there, by name and version.
      machine: What that is, in words.
    """

    data_files: dict[str, str]
    test_files: tuple[str, ...] = ()
    code_digest: str
    artifacts: dict[str, int]
    versions: dict[str, str]
    lock_digest: str
    machine: str
