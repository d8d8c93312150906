"""The report of a node: what a person wants to see where an orchestrator shows its task."""

import logging
from collections.abc import Sequence
from pathlib import Path

from components.whole_file import write_whole_file
from runners.node.end import NodeEnd
from runners.report.artifacts import render_artifact
from runners.report.markdown import paragraph

logger = logging.getLogger(__name__)


def render_node(end: NodeEnd, class_names: Sequence[str] = ()) -> str:
    """Returns how a node ended, and what it put out, in Markdown.

    An artifact that cannot be shown is named, and the error logged: the node has done its work.

    Args:
      end: How it ended.
      class_names: How classes are called, from label 0 on; empty if they have no names.
    """
    outputs = end.record.outputs if end.record else {}
    sections = (render_artifact(outputs[key], class_names) for key in sorted(outputs))
    return "\n\n".join([paragraph(end.headline), *filter(None, sections)])


def write_report(path: Path, nodes: Sequence[str]) -> None:
    """Writes the reports of nodes to one file, a rule between them; logs it if that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole_file(path, "\n\n---\n\n".join(nodes) + "\n")
    except OSError as error:
        logger.warning("The report could not be written: %s", error)
