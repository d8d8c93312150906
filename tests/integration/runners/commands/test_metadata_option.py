"""Which database `--mlmd` names, and what is said of one that is not there."""

from pathlib import Path

from click.testing import CliRunner

from runners.commands.runs import runs


def test_a_file_that_is_not_there_is_named_and_not_made(tmp_path: Path):
    path = tmp_path / "metadata.db"

    result = CliRunner().invoke(runs, [f"--mlmd=sqlite://{path}"])

    assert result.exit_code == 1
    assert str(path) in result.output
    assert "received no such file" in result.output
    assert not path.exists()
