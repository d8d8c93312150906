"""Says in a few words what came of a run, what refused it, and what to do (no TensorFlow)."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from components.evaluation.checks import ACCURACY, CHANGE, NUM_ROWS, OVERALL, Check
from components.run_report.content.evaluation import Evaluation
from components.run_report.content.report import Report
from components.run_report.content.run import End, Run
from components.run_report.content.serving import Serving
from modules.features import LABEL_KEY

Tone = Literal["good", "warn", "bad"]

_ADVICE = {
    "all": (
        "Look at the misread examples below. Train longer (training.epochs) or on more data; or, if"
        " that is good enough, lower thresholds.accuracy."
    ),
    "class": (
        "Look at the misread examples of this class below, and at how many of it there are in the "
        "training split; or, if that is good enough, lower thresholds.class_accuracy."
    ),
    "change": (
        "The last blessed model is better on the same rows, and stays served. If it is to be "
        "replaced nevertheless, raise thresholds.max_accuracy_drop."
    ),
    "labels": (
        "Correct the labels of the train files. If they are right, and the test files are easier "
        "to read, raise thresholds.max_eval_gap."
    ),
    "rows": (
        "Give the test files more rows of it: of so few, a good value may be luck. Or lower "
        "thresholds.min_rows, or name the class in thresholds.unmeasured_classes."
    ),
    "all rows": (
        "Give the test files more rows: of so few, a good value may be luck. Or lower "
        "thresholds.min_rows."
    ),
    "undefined": (
        "It has no value: precision has none, for example, of a class that the model never answers."
    ),
    "other change": (
        "The last blessed model is better on the same rows, and stays served. If it is to be "
        "replaced nevertheless, raise max_drop or max_rise of this metric in thresholds.metrics."
    ),
    "other": (
        "Look at the misread examples below; or, if that is good enough, change the bound of this "
        "metric in thresholds.metrics, or in pipeline/evaluation.py if it is none of those."
    ),
    "servability": (
        "See the log of ServabilityValidator. If this machine was at fault, have it judged again: "
        "tfx-mnist run --from ServabilityValidator."
    ),
    "exports": (
        "docs/exports.md says what each format needs. exports_required: false pushes the model "
        "without the formats that fail."
    ),
}

_ENDS: Mapping[End, tuple[Tone, str, str]] = MappingProxyType(
    {
        End.PUSHED: ("good", "Blessed, and pushed as version {version}", "It is in {where}."),
        End.UNCHANGED: (
            "good",
            "Blessed, and pushed before as version {version}",
            "Nothing has changed since: it is in {where}.",
        ),
        End.REFUSED: (
            "bad",
            "Not blessed; nothing was pushed",
            "What was served before is still served.",
        ),
        End.FAILED: ("bad", "Failed{node}", "{push}"),
        End.INTERRUPTED: (
            "warn",
            "Interrupted{node}",
            "{push} The same command goes on from here: what is done is in the cache.",
        ),
        End.PARTIAL: (
            "good",
            "Done, as far as it was to go",
            "Only a part of the pipeline was to run, and no push.",
        ),
        End.ENDED_EARLY: (
            "warn",
            "Ended early",
            "{push} Only a part of the pipeline was to run, or it was stopped between two nodes.",
        ),
        End.RUNNING: (
            "warn",
            "Still running, or killed",
            "{push} Not all of its nodes have an end in ML Metadata.",
        ),
    }
)
"""How good an end is, what stands over the page, and the first sentence."""


@dataclass(frozen=True)
class Refusal:
    """What a gate refused.

    Attributes:
      gate: The node.
      what: Metric, slice, value and bound, or a sentence.
      advice: What to do.
    """

    gate: str
    what: str
    advice: str


@dataclass(frozen=True)
class Verdict:
    """What a person wants to know first.

    Attributes:
      tone: How good that is.
      headline: In a few words.
      sentences: What else there is to say.
      refusals: What was refused, by which gate, and what to do.
    """

    tone: Tone
    headline: str
    sentences: tuple[str, ...]
    refusals: tuple[Refusal, ...]


def find_verdict(report: Report) -> Verdict:
    """Returns what came of a run or, as long as it goes on, of its model."""
    refusals = tuple(_find_refusals(report))
    if isinstance(report.run, Run):
        return _judge_run(report.run, refusals)
    if refusals:
        return Verdict("bad", "Refused", (report.run.reason,), refusals)
    if isinstance(report.measurements.evaluation, Evaluation) and isinstance(
        report.measurements.serving, Serving
    ):
        headline = "Accepted by Evaluator and ServabilityValidator"
        return Verdict("good", headline, (report.run.reason,), ())
    return Verdict("warn", "Not judged", (report.run.reason,), ())


def _judge_run(run: Run, refusals: tuple[Refusal, ...]) -> Verdict:
    tone, headline, sentence = _ENDS[run.end]
    place = {
        "version": run.version,
        "where": run.pushed_to,
        "node": f" in {run.failed_node}" if run.failed_node else "",
        "push": (
            f"Before that, version {run.version} was pushed to {run.pushed_to}."
            if run.version
            else "Nothing was pushed."
        ),
    }
    if run.end == End.PARTIAL and refusals:
        tone = "bad"
    is_pushed = run.end in {End.PUSHED, End.UNCHANGED}
    sentences = [
        sentence.format(**place),
        *run.cause.splitlines(),
        *run.accepted_drift,
        *(f"Left out: {reason}" for reason in run.unexported if is_pushed),
        *([f"Everything that was logged: {run.log}"] if run.log else []),
    ]
    return Verdict(tone, headline.format(**place), tuple(sentences), () if is_pushed else refusals)


def _find_refusals(report: Report) -> Iterator[Refusal]:
    evaluation, serving = report.measurements.evaluation, report.measurements.serving
    if isinstance(evaluation, Evaluation):
        for check in evaluation.checks:
            if not check.passed:
                told = str(check.with_names(report.measurements.class_names))
                yield Refusal("Evaluator", told, _ADVICE[_kind(check)])
    if isinstance(serving, Serving):
        for reason in serving.reasons:
            yield Refusal("ServabilityValidator", reason, _ADVICE["servability"])
    if isinstance(report.run, Run):
        for reason in report.run.unexported:
            yield Refusal("ModelExporter", reason, _ADVICE["exports"])


def _kind(check: Check) -> str:
    is_class = check.slice.removeprefix(f"{LABEL_KEY} ").isdecimal()
    of_all = check.slice == OVERALL
    kinds = {
        "labels": bool(check.meaning),
        "all rows": check.metric == NUM_ROWS and of_all,
        "rows": is_class and (check.metric == NUM_ROWS or check.rows == 0),
        "change": check.metric == f"{ACCURACY}{CHANGE}" and of_all,
        "all": check.metric == ACCURACY and of_all,
        "class": check.metric == ACCURACY and is_class,
        "undefined": check.value is not None and math.isnan(check.value),
        "other change": check.is_change,
    }
    return next((kind for kind, applies in kinds.items() if applies), "other")
