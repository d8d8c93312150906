"""Where ML Metadata is, as a URL; and where a password may not be."""

from pathlib import Path

import pytest

from runners.metadata.connection import describe_connection, parse_url, read_connection
from runners.metadata.url import MlmdUrlError


def test_a_postgresql_url_gives_host_port_user_and_database():
    server = parse_url("postgresql://tfx@db.example.com/mlmd", where="--mlmd").postgresql

    assert (server.host, server.port, server.user) == ("db.example.com", "5432", "tfx")
    assert server.dbname == "mlmd"


def test_a_mysql_url_gives_port_and_tls_options():
    url = "mysql://tfx@db:3307/mlmd?ca=/ca.pem&verify_server_cert=true"
    server = parse_url(url, where="--mlmd").mysql

    assert (server.port, server.database) == (3307, "mlmd")
    assert server.ssl_options.ca == "/ca.pem"
    assert server.ssl_options.verify_server_cert


def test_a_password_with_special_characters_is_decoded():
    server = parse_url("postgresql://tfx:p%40ss%2Fword@db/mlmd", where="MLMD_URL").postgresql

    assert server.password == "p@ss/word"  # noqa: S105 - of a database that does not exist


def test_the_password_comes_from_the_environment_or_a_file(tmp_path: Path):
    url = "postgresql://tfx@db/mlmd"
    file = tmp_path / "password"
    file.write_text("from the file\n")

    by_variable = read_connection(url, {"MLMD_PASSWORD": "from the variable"})
    by_file = read_connection(url, {"MLMD_PASSWORD_FILE": str(file)})

    assert by_variable.postgresql.password == "from the variable"  # noqa: S105 - no real one
    assert by_file.postgresql.password == "from the file"  # noqa: S105 - no real one


def test_a_file_may_hold_the_url_with_its_password(tmp_path: Path):
    file = tmp_path / "mlmd_url"
    file.write_text("mysql://tfx:hidden@db/mlmd\n")

    connection = read_connection(str(file), {})

    assert connection.mysql.password == "hidden"  # noqa: S105 - of a database that does not exist
    assert describe_connection(connection) == "mysql://tfx@db:3306/mlmd"


def test_a_password_on_the_command_line_is_refused_and_not_shown():
    with pytest.raises(MlmdUrlError, match="MLMD_PASSWORD_FILE") as error:
        read_connection("postgresql://tfx:hidden@db/mlmd", {})

    assert "hidden" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://tfx:hidden@/mlmd",
        "postgresql://tfx:hidden@db",
        "oracle://tfx:hidden@db/mlmd",
        "postgresql://tfx:hidden@db:port/mlmd",
        "sqlite://relative/path:hidden@",
        "mysql://tfx:hidden@db/mlmd?sslmode=require",
    ],
)
def test_a_malformed_url_is_refused_with_its_place_and_without_its_password(url: str):
    with pytest.raises(MlmdUrlError, match="MLMD_URL: ") as error:
        read_connection(None, {"MLMD_URL": url})

    assert "hidden" not in str(error.value)


@pytest.mark.parametrize("character", "/#?")
def test_a_password_that_is_not_encoded_is_shown_in_no_part(character: str):
    with pytest.raises(MlmdUrlError, match="percent-encode") as error:
        read_connection(None, {"MLMD_URL": f"postgresql://tfx:s3c{character}ret@db:5432/mlmd"})

    assert "s3c" not in str(error.value)
    assert "ret" not in str(error.value).replace("percent", "")
    assert error.value.__cause__ is None


def test_without_any_url_the_default_is_a_sqlite_file_in_a_new_folder(tmp_path: Path):
    path = tmp_path / "runs" / "metadata.db"

    connection = read_connection(None, {}, default_path=str(path))

    assert connection.sqlite.filename_uri == str(path)
    assert path.parent.is_dir()


@pytest.mark.parametrize("name", ["x#1", "x?1", "x%201", "x 1", "[x]", "ü;&=+"])
def test_any_path_of_a_sqlite_file_is_taken_as_it_is(name: str, tmp_path: Path):
    path = str(tmp_path / name / "metadata.db")

    by_default = read_connection(None, {}, default_path=path)
    by_url = read_connection(describe_connection(by_default), {})

    assert by_default.sqlite.filename_uri == by_url.sqlite.filename_uri == path
    assert (tmp_path / name).is_dir()


@pytest.mark.parametrize("name", ["x#1", "x?1"])
def test_a_url_whose_path_would_end_early_is_refused_with_the_right_one(name: str, tmp_path: Path):
    with pytest.raises(MlmdUrlError, match="end the path of a SQLite file") as error:
        read_connection(f"sqlite://{tmp_path}/{name}", {})

    url = str(error.value).split()[-1]
    assert read_connection(url, {}).sqlite.filename_uri == f"{tmp_path}/{name}"


def test_without_url_and_default_the_error_says_how_to_give_one():
    with pytest.raises(MlmdUrlError, match="give --mlmd, or set MLMD_URL"):
        read_connection(None, {})
