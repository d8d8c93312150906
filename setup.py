"""Packaging for tfx-mnist; Beam workers install from this file (--setup_file=./setup.py)."""

from pathlib import Path

from setuptools import find_packages, setup


def _read_requirements() -> list[str]:
    """Returns what a run needs: the input of the lock, requirements/pipeline.txt."""
    lines = Path(__file__).with_name("requirements").joinpath("pipeline.in").read_text("utf-8")
    return [line for line in lines.splitlines() if line and not line.startswith("#")]


_COMMANDS = [
    "tfx-mnist=runners.commands.main:main",
    "tensorflow_model_server=runners.commands.tensorflow_model_server:tensorflow_model_server",
]


setup(
    name="tfx-mnist",
    version="0.1.0",
    description="One TFX pipeline for MNIST: from raw IDX files to a served model.",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    install_requires=_read_requirements(),
    packages=find_packages(
        include=[
            f"{name}{suffix}"
            for name in ("components", "modules", "pipeline", "runners", "serving")
            for suffix in ("", ".*")
        ]
    ),
    package_data={
        "components.model_exporter.proof": ["*.cjs"],
        "components.run_report.page": ["templates/*", "templates/comparison/*"],
        "runners.airflow": ["*.template"],
        "runners.demo_page": ["static/*", "static/lib/*"],
        "serving.rest": ["page.html", "*.js"],
    },
    # pipeline/installed_files.py finds them where there is no checkout.
    data_files=[
        ("share/tfx-mnist/data/schema", ["data/schema/schema.pbtxt", "data/schema/images.pbtxt"]),
        ("share/tfx-mnist/data/class_names", ["data/class_names/fashion-mnist.txt"]),
        ("share/tfx-mnist/docs", ["docs/model_card.md"]),
    ],
    entry_points={"console_scripts": _COMMANDS},
)
