"""Has a SavedModel converted, in processes with bounds of time and memory."""

import logging
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from components.child_process import ChildError, run_child
from components.model_exporter.conversion.request import Conversion, ConversionRequest
from components.model_exporter.formats import ExportFormat

_TIMEOUT_SECONDS = 600
_MEMORY_BYTES = 8 << 30

_WITH_TENSORFLOW = "components.model_exporter.conversion.with_tensorflow"
_WITH_TF2ONNX = "components.model_exporter.conversion.with_tf2onnx"
PROGRAMS = (_WITH_TENSORFLOW, _WITH_TF2ONNX)
"""Run by name, and never imported here."""

logger = logging.getLogger(__name__)


def convert(request: ConversionRequest) -> Mapping[ExportFormat, Conversion]:
    """Returns how each format went, and leaves a folder for each that was converted to.

    Raises:
      HostFaultError: This machine kept a converter from its work.
    """
    onnx = tuple(each for each in request.formats if each == ExportFormat.ONNX)
    others = tuple(each for each in request.formats if each != ExportFormat.ONNX)
    conversions = {
        **_run(_WITH_TENSORFLOW, replace(request, formats=others)),
        **_run(_WITH_TF2ONNX, replace(request, formats=onnx)),
    }
    return {each: conversions[each] for each in request.formats}


def _run(program: str, request: ConversionRequest) -> dict[ExportFormat, Conversion]:
    if not request.formats:
        return {}
    folder = Path(request.folder)
    request_path = folder / "request.json"
    request.write(request_path)
    end = "no result"
    try:
        log = run_child(
            [sys.executable, "-m", program, str(request_path)],
            timeout_seconds=_TIMEOUT_SECONDS,
            memory_bytes=_MEMORY_BYTES,
        )
    except ChildError as error:  # its log is logged already
        end, log = str(error), ""
    ends = {each: Conversion.read(folder, each) for each in request.formats}
    if log and any(conversion and conversion.error for conversion in ends.values()):
        logger.error("%s:\n%s", program, log)
    missing = [each for each, conversion in ends.items() if conversion is None]
    return {
        each: conversion
        or Conversion(
            error=end if each == missing[0] else f"{end} in {missing[0]}, before this one"
        )
        for each, conversion in ends.items()
    }
