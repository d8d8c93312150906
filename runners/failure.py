"""Finds the sentence that says why a node failed."""

import re

_BEAM_STEP = re.compile(r"\s*\[while running [^\]]*\]\s*$")
_EXCEPTION_NAME = re.compile(r"^(?:[A-Za-z_][\w.]*\.)?([A-Za-z_]\w*(?:Error|Exception)): ")


def cause_of(error: BaseException | str) -> str:
    """Returns the last error message in `error`, without traceback and without Beam's wrapping.

    Beam raises an error of a worker as one whose message is the worker's whole traceback.
    """
    text = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else error
    if "Traceback (most recent call last)" in text:
        text = _after_last_frame(text)
    cause = _BEAM_STEP.sub("", _EXCEPTION_NAME.sub(r"\1: ", text.strip())).strip()
    return "".join(map(_make_visible, cause))


def _make_visible(character: str) -> str:
    """Returns no character that would steer a terminal: data may be quoted in an error."""
    is_safe = character.isprintable() or character in "\n\t"
    return character if is_safe else "\N{REPLACEMENT CHARACTER}"


def _after_last_frame(text: str) -> str:
    """Returns the lines after the last indented line of the last traceback in `text`."""
    lines = text[text.rindex("Traceback (most recent call last)") :].splitlines()
    frames = [number for number, line in enumerate(lines) if line.startswith("  ")]
    message = lines[frames[-1] + 1 :] if frames else lines[1:]
    return "\n".join(line for line in message if line.strip()) or text
