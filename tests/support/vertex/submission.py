"""What a test of `tfx-mnist submit vertex` needs: a compiled pipeline and a service account."""

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ACCOUNT = "submitter@example.iam.gserviceaccount.com"
DIGITS: dict[str, Any] = {
    "schemaVersion": "2.1.0",
    "pipelineInfo": {"name": "digits"},
    "root": {
        "inputDefinitions": {
            "parameters": {
                "training_epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 5},
                "training_learning_rate": {"parameterType": "NUMBER_DOUBLE", "defaultValue": 0.1},
                "training_augment": {"parameterType": "BOOLEAN", "defaultValue": True},
                "data_root": {"parameterType": "STRING", "defaultValue": "gs://bucket/data"},
            }
        },
        "dag": {
            "tasks": {
                "Trainer": {
                    "taskInfo": {"name": "Trainer"},
                    "componentRef": {"name": "trainer"},
                    "cachingOptions": {"enableCache": True},
                    "retryPolicy": {"maxRetryCount": 2},
                    "inputs": {
                        "parameters": {"epochs": {"componentInputParameter": "training_epochs"}}
                    },
                }
            }
        },
    },
    "components": {
        "trainer": {
            "executorLabel": "train",
            "inputDefinitions": {"parameters": {"epochs": {"parameterType": "NUMBER_INTEGER"}}},
        }
    },
    "deploymentSpec": {
        "executors": {
            "train": {
                "container": {
                    "image": "example",
                    "command": ["timeout", "60", "train"],
                    "args": ["{{$.inputs.parameters['epochs']}}"],
                }
            }
        }
    },
}


def write_job(file: Path) -> Path:
    """Writes a job of one task, with one of its parameters set."""
    job = {
        "displayName": "digits",
        "labels": {"team": "post"},
        "pipelineSpec": DIGITS,
        "runtimeConfig": {
            "gcsOutputDirectory": "gs://bucket/runs",
            "parameterValues": {"training_augment": False},
        },
    }
    file.write_text(json.dumps(job))
    return file


def write_account_key(file: Path) -> str:
    """Writes the key file of a service account that Google does not know.

    The client signs its requests with it, and asks nobody for a token.

    Returns:
      The public key.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    content = {
        "type": "service_account",
        "client_email": ACCOUNT,
        "private_key": private.decode(),
        "token_uri": "http://127.0.0.1:1/token",
    }
    file.write_text(json.dumps(content))
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public.decode()
