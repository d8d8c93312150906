"""The report of a model with more classes than a page has room for."""

import numpy as np

from components.run_report.charts.pictures import encode_picture
from components.run_report.content.data import Samples
from components.run_report.content.evaluation import Misread
from components.run_report.content.report import Report
from support.run_report.made_up import make_report

# What the readers take at most; to import them loads TensorFlow.
MAX_SAMPLES = 300
MAX_MISREAD = 200


def make_report_of_many_classes(number: int) -> Report:
    """Returns one with so many classes, and pictures that no PNG makes small."""
    generator = np.random.default_rng(0)
    noise = [
        encode_picture(generator.integers(0, 256, (28, 28), np.uint8)) for _ in range(MAX_SAMPLES)
    ]
    labels = tuple(str(label) for label in range(number))
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
    measurements = old.model_copy(update={"data": data, "predictions": predictions})
    return report.model_copy(update={"measurements": measurements})
