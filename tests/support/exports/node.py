"""Node with the npm packages that run an export for TF.js, for tests that need them."""

import pytest

from components.model_exporter.proof.node import Node, NodeMissingError, find_node


def require_node() -> Node:
    """Returns it, or skips the test and says what is missing."""
    try:
        return find_node()
    except NodeMissingError as error:
        pytest.skip(str(error))
