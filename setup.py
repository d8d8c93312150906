"""Packaging for tfx-mnist; Beam workers install from this file (--setup_file=./setup.py)."""

from setuptools import find_packages, setup

setup(
    name="tfx-mnist",
    version="0.1.0",
    description="One TFX pipeline for MNIST: from raw IDX files to a served model.",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
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
    entry_points={"console_scripts": ["tfx-mnist=runners.commands.main:main"]},
)
