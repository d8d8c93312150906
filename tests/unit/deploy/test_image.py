"""What can be said of the container image without building it."""

import re
import subprocess

import pytest

from support.project import PROJECT

_ENTRYPOINT = PROJECT / "deploy" / "image" / "entrypoint.sh"


def _instructions(name: str) -> list[str]:
    """Returns the arguments of each instruction of this name, in order."""
    text = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
    return re.findall(rf"^{name} +(.*)$", text, re.MULTILINE)


def _copied_from_project() -> list[str]:
    copies = [line.split() for line in _instructions("COPY") if not line.startswith("--from")]
    return [source for *sources, _ in copies for source in sources]


def test_beam_worker_is_of_the_locked_version():
    (locked,) = re.findall(
        r"^apache-beam\S*==(\S+)",
        (PROJECT / "requirements" / "pipeline.txt").read_text(),
        re.MULTILINE,
    )

    assert f"BEAM_VERSION={locked}" in _instructions("ARG")


def test_worker_has_a_pip_that_may_write_where_beam_s_boot_program_installs():
    assert any('"${VENV}/bin/python" -m ensurepip' in line for line in _instructions("RUN"))
    assert "--from=build --chown=1000:1000 /opt/venv/ /opt/venv/" in _instructions("COPY")
    assert _instructions("USER") == ["1000"]


def test_image_has_node_and_the_packages_that_prove_exports_for_tf_js():
    build, final = (run for run in _instructions("RUN") if "apt-get install" in run)
    (install,) = (run for run in _instructions("RUN") if "requirements/install.sh" in run)

    assert {"nodejs", "npm"} <= set(build.split())
    assert install.split() == [
        *("requirements/install.sh", '"${PACKAGES}"'),
        *("&&", "requirements/install.sh", "node"),
    ]
    assert "nodejs" in final.split()
    assert "npm" not in final.split()


def test_image_does_not_run_as_root():
    assert re.fullmatch(r"[1-9]\d*", _instructions("USER")[-1])


@pytest.mark.parametrize("source", _copied_from_project())
def test_what_the_image_copies_exists_and_is_let_through_by_dockerignore(source: str):
    let_through = [
        line.removeprefix("!").rstrip("/")
        for line in (PROJECT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]

    assert (PROJECT / source).exists()
    assert any(f"{path}/".startswith(source) or source.startswith(path) for path in let_through)


def test_every_package_of_the_project_is_copied():
    packages = {f"{path.parent.name}/" for path in PROJECT.glob("*/__init__.py")}

    assert packages - {"benchmarks/"} <= set(_copied_from_project())


def test_container_runs_the_command_it_is_given():
    answer = subprocess.run(
        [_ENTRYPOINT, "echo", "two  words"], capture_output=True, text=True, check=True
    )

    assert answer.stdout == "two  words\n"


def test_container_started_with_options_only_becomes_a_beam_worker():
    answer = subprocess.run([_ENTRYPOINT, "--id=1-1"], capture_output=True, text=True, check=False)

    assert answer.returncode == 127
    assert "/opt/apache/beam/boot" in answer.stderr
