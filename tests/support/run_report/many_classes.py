"""The report of a model with more classes than a page has room for."""

import numpy as np

from components.evaluation.checks import Check
from components.run_report.charts.pictures import encode_picture
from components.run_report.content.data import Samples
from components.run_report.content.evaluation import Misread
from components.run_report.content.report import Report
from support.run_report.made_up import make_report

# What the readers take at most; to import them loads TensorFlow.
MAX_SAMPLES = 300
MAX_MISREAD = 200


LONG_NAME = "a class with a rather long name of a hundred signs, as some data sets have them, and "
"""Of which one word cannot be broken, when a number is put behind it."""


def make_report_of_many_classes(number: int, *, is_named: bool = False) -> Report:
    """Returns one with so many classes, and pictures that no PNG makes small.

    Args:
      number: How many classes.
      is_named: Whether they have names, which are long then.
    """
    generator = np.random.default_rng(0)
    noise = [
        encode_picture(generator.integers(0, 256, (28, 28), np.uint8)) for _ in range(MAX_SAMPLES)
    ]
    labels = tuple(str(label) for label in range(number))
    names = tuple(f"{LONG_NAME}{'w' * 20}{label}" for label in labels) if is_named else ()
    report = make_report()
    old = report.measurements
    splits = tuple(
        split.model_copy(update={"classes": dict.fromkeys(labels, 10)}) for split in old.data.splits
    )
    samples = tuple(
        Samples(label=label, pictures=tuple(noise[: MAX_SAMPLES // number])) for label in labels
    )
    confusion = tuple(tuple(row) for row in generator.integers(0, 100, (number, number)).tolist())
    misread = tuple(
        Misread(
            row=row,
            label=labels[0],
            answer=labels[1],
            probability=0.9,
            probability_of_label=0.1,
            picture=picture,
        )
        for row, picture in enumerate(noise[:MAX_MISREAD])
    )
    data = old.data.model_copy(update={"splits": splits, "samples": samples})
    predictions = old.predictions.model_copy(
        update={"classes": labels, "confusion": confusion, "misread": misread}
    )
    checks = tuple(
        Check(metric="accuracy", slice=f"label {label}", value=0.9, bound=0.95, passed=False)
        for label in labels
    )
    evaluation = old.evaluation.model_copy(update={"checks": checks})
    measurements = old.model_copy(
        update={
            "data": data,
            "predictions": predictions,
            "evaluation": evaluation,
            "class_names": names,
        }
    )
    return report.model_copy(update={"measurements": measurements})
