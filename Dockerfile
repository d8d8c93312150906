# The image of Beam workers and of Kubeflow's and Vertex' steps, and of people whose own host
# lacks something: make image, then docker run --rm tfx-mnist tfx-mnist run
#
# --build-arg PACKAGES=cuda adds the CUDA libraries, for training on GPUs.
ARG PYTHON_VERSION=3.11
# The one that requirements/pipeline.txt locks: a worker must match what submits the job.
ARG BEAM_VERSION=2.73.0

FROM apache/beam_python${PYTHON_VERSION}_sdk:${BEAM_VERSION} AS beam

# Debian 13 has the glibc that the TFX wheels need, but Python 3.13; kfp needs 3.11.
FROM python:${PYTHON_VERSION}-slim-trixie AS build
# hadolint ignore=DL3008 # any compiler and any npm will do, and they stay in this stage
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ nodejs npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
ENV VENV=/opt/venv
# The locked packages change seldom, so they get a layer of their own.
COPY requirements/ requirements/
ARG PACKAGES=pipeline
RUN requirements/install.sh "${PACKAGES}" \
    && requirements/install.sh node
COPY setup.py pyproject.toml LICENSE ./
COPY data/schema/ data/schema/
COPY docs/model_card.md docs/
COPY components/ components/
COPY modules/ modules/
COPY pipeline/ pipeline/
COPY runners/ runners/
COPY serving/ serving/
# Beam's boot program asks pip whether Beam is there, and installs with it what is staged.
RUN "${VENV}/setup/bin/uv" pip install --python "${VENV}/bin/python" \
        --no-deps --no-build-isolation --compile-bytecode . \
    && "${VENV}/bin/python" -m ensurepip \
    && rm -r "${VENV}/setup"

FROM python:${PYTHON_VERSION}-slim-trixie
LABEL org.opencontainers.image.title="tfx-mnist" \
      org.opencontainers.image.description="One TFX pipeline for MNIST: from raw IDX files to a served model." \
      org.opencontainers.image.licenses="Apache-2.0"
# Debian 13's Node runs exports for TF.js, to prove them; its npm is not needed for that.
# hadolint ignore=DL3008 # any Node from 18 on will do
RUN apt-get update \
    && apt-get install --yes --no-install-recommends nodejs \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home tfx
COPY --from=beam /opt/apache/beam/ /opt/apache/beam/
COPY --from=build --chown=1000:1000 /opt/venv/ /opt/venv/
COPY deploy/image/entrypoint.sh /usr/local/bin/entrypoint
# Beam's boot program would make an environment that does not see /opt/venv.
ENV PATH=/opt/venv/bin:${PATH} \
    PYTHONUNBUFFERED=1 \
    RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1
# By number, so that Kubernetes can tell that it is not root.
USER 1000
WORKDIR /home/tfx
COPY data/ data/
COPY docs/model_card.md docs/
ENTRYPOINT ["entrypoint"]
