"""How the URL of ML Metadata and its password get to a task (no ML Metadata needed).

A command line can be read by everyone on the machine, and a compiled pipeline or a DAG by
everyone who may see it. So neither may hold a password: it comes from the environment or a file.
"""

from urllib.parse import urlsplit

URL_VARIABLE = "MLMD_URL"
PASSWORD_VARIABLE = "MLMD_PASSWORD"  # noqa: S105 - a variable's name, not a password
PASSWORD_FILE_VARIABLE = "MLMD_PASSWORD_FILE"  # noqa: S105 - a variable's name, not a password

PASSWORD_HELP = (
    f"The password comes from {PASSWORD_VARIABLE} or the file that {PASSWORD_FILE_VARIABLE} names."
)
"""The last sentence of the help of every --mlmd."""
MLMD_HELP = (
    "URL of ML Metadata without a password, or the path of a file that holds the URL. Default: "
    f"the environment variable {URL_VARIABLE}, else the SQLite file of the configuration. "
    f"{PASSWORD_HELP}"
)
"""The help of --mlmd where the pipeline's metadata are read or written."""


class MlmdUrlError(ValueError):
    """The connection to ML Metadata is not described as it must be; the message says where."""


def check_no_password(url: str) -> None:
    """Refuses a URL with a password in it, for places where it could be read.

    Raises:
      MlmdUrlError: It has one.
    """
    if "://" in url and urlsplit(url).password is not None:
        raise MlmdUrlError(
            f"{describe_url(url)}: the password would be seen in the process list and in files. "
            f"Leave it out of the URL; set {PASSWORD_VARIABLE}, or {PASSWORD_FILE_VARIABLE} to the "
            "path of a file with it."
        )


def describe_url(url: str) -> str:
    """Returns `url` without its password."""
    scheme, separator, rest = url.partition("://")
    user, at, host = rest.rpartition("@")
    return f"{scheme}{separator}{user.partition(':')[0]}{at}{host}" if at else url
