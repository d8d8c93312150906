"""Where ML Metadata is, a SQLite file, PostgreSQL or MySQL, and how a store there is opened."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from ml_metadata import MetadataStore
from ml_metadata.errors import StatusError
from ml_metadata.proto.metadata_store_pb2 import ConnectionConfig, SqliteMetadataSourceConfig

from runners.metadata.backslashes import keep_backslashes
from runners.metadata.url import (
    PASSWORD_FILE_VARIABLE,
    PASSWORD_VARIABLE,
    URL_VARIABLE,
    MlmdUrlError,
    check_no_password,
    describe_url,
)

_EXPECTED = (
    "expected sqlite:///absolute/path, postgresql://user@host:5432/database or "
    "mysql://user@host:3306/database"
)
_POSTGRESQL_OPTIONS = ("sslmode", "sslcert", "sslkey", "sslrootcert")
_MYSQL_OPTIONS = ("ca", "capath", "cert", "cipher", "key", "verify_server_cert")


def read_connection(
    url: str | None, environ: Mapping[str, str], *, default_path: str = ""
) -> ConnectionConfig:
    """Returns the connection that the command line and the environment describe.

    The folder of a SQLite file is made if it is missing.

    Args:
      url: From the command line: a URL without a password, or the path of a file that holds one
        URL and may hold the password in it. None: the variable MLMD_URL, which may as well.
      environ: Environment variables. MLMD_PASSWORD, or the file that MLMD_PASSWORD_FILE names,
        has the password of a URL that has none.
      default_path: The SQLite file if there is no URL at all.

    Raises:
      MlmdUrlError: There is no URL, it is malformed, or its password could be seen.
    """
    if url is not None:
        where, text = ("--mlmd", url) if "://" in url else (url, _read_file(url))
        check_no_password(url)
    elif URL_VARIABLE in environ:
        where, text = URL_VARIABLE, environ[URL_VARIABLE]
    elif default_path:
        return _make_sqlite_connection(default_path)
    else:
        raise MlmdUrlError(f"no ML Metadata: give --mlmd, or set {URL_VARIABLE}; {_EXPECTED}")
    connection = parse_url(text, where=where, password=_read_password(environ))
    if connection.HasField("sqlite"):
        return _make_sqlite_connection(connection.sqlite.filename_uri)
    return connection


def _make_sqlite_connection(path: str) -> ConnectionConfig:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return sqlite_connection(path)


def parse_url(url: str, *, where: str, password: str = "") -> ConnectionConfig:
    """Returns the connection that `url` describes.

    Args:
      url: sqlite:///path, postgresql://user@host:port/database or mysql://user@host:port/database.
        TLS options go into its query, under the names that ML Metadata gives them:
        `?sslmode=verify-full&sslrootcert=/ca.pem` for PostgreSQL, `?ca=/ca.pem` for MySQL.
      where: The URL's place, for messages.
      password: Used if the URL has none.

    Raises:
      MlmdUrlError: It is malformed. The message never holds a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # Its own message quotes what it took for the port: a part of the password.
        raise MlmdUrlError(
            f"{where}: {_EXPECTED}; received something else. In a password, percent-encode "
            f"/ # ? @ : and %, or leave it out and set {PASSWORD_VARIABLE}."
        ) from None
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        if "?" in url or "#" in url:
            path = url.removeprefix("sqlite://")
            raise MlmdUrlError(
                f"{where}: in a URL, ? and # end the path of a SQLite file; received {url}. Name "
                f"that file as sqlite://{quote(path)}"
            )
        return sqlite_connection(unquote(parts.path))
    database = unquote(parts.path).strip("/")
    if parts.scheme not in ("postgresql", "mysql") or not parts.hostname or not database:
        raise MlmdUrlError(f"{where}: {_EXPECTED}; received {describe_url(url)!r}")
    connection = ConnectionConfig()
    server = connection.postgresql if parts.scheme == "postgresql" else connection.mysql
    server.host = parts.hostname
    server.user = unquote(parts.username or "")
    server.password = unquote(parts.password or "") or password
    if parts.scheme == "postgresql":
        keep_backslashes()
        connection.postgresql.port = str(port or 5432)
        connection.postgresql.dbname = database
    else:
        connection.mysql.port = port or 3306
        connection.mysql.database = database
    _set_tls(connection, parts, where)
    return connection


def sqlite_connection(path: str) -> ConnectionConfig:
    """Returns the connection to a SQLite file, patient with other processes that write to it."""
    connection = ConnectionConfig()
    connection.sqlite.filename_uri = path
    connection.sqlite.connection_mode = SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    connection.retry_options.max_num_retries = 50
    return connection


def open_store(path: str) -> MetadataStore:
    """Opens the SQLite file at `path`; makes it if it is missing.

    Raises:
      OSError: It is no metadata database, or it can't be read and written.
    """
    try:
        return MetadataStore(sqlite_connection(path))
    except (StatusError, RuntimeError) as error:  # which of the two depends on the fault
        raise OSError(
            f"{path}: expected ML Metadata in SQLite, which can be read and written; received: "
            f"{error}. Correct metadata_path, or move the file away: a run makes a new one, and "
            "the cache and the history begin anew."
        ) from error


def describe_connection(connection: ConnectionConfig) -> str:
    """Returns the URL of `connection`, without its password."""
    match connection.WhichOneof("config"):
        case "postgresql":
            server = connection.postgresql
            return f"postgresql://{server.user}@{server.host}:{server.port}/{server.dbname}"
        case "mysql":
            mysql = connection.mysql
            return f"mysql://{mysql.user}@{mysql.host}:{mysql.port}/{mysql.database}"
        case _:
            return f"sqlite://{quote(connection.sqlite.filename_uri)}"


def _set_tls(connection: ConnectionConfig, parts: SplitResult, where: str) -> None:
    legal = _POSTGRESQL_OPTIONS if parts.scheme == "postgresql" else _MYSQL_OPTIONS
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in legal:
            raise MlmdUrlError(
                f"{where}: unknown option {name!r} in the URL; there are {', '.join(legal)}"
            )
        if parts.scheme == "postgresql":
            setattr(connection.postgresql.ssloption, name, value)
        elif name == "verify_server_cert":
            connection.mysql.ssl_options.verify_server_cert = value in ("1", "true")
        else:
            setattr(connection.mysql.ssl_options, name, value)


def _read_password(environ: Mapping[str, str]) -> str:
    if PASSWORD_VARIABLE in environ:
        return environ[PASSWORD_VARIABLE]
    path = environ.get(PASSWORD_FILE_VARIABLE)
    return _read_file(path) if path else ""


def _read_file(path: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise MlmdUrlError(
            f"{path}: cannot be read ({error.strerror}); expected a file, or as URL: {_EXPECTED}"
        ) from error
    except UnicodeDecodeError as error:
        raise MlmdUrlError(
            f"{path}: expected a file that holds a URL, received something else than text. The URL "
            f"of a SQLite file is sqlite://{quote(str(Path(path).absolute()))}"
        ) from error
    return text
