"""A whole report of a run that never was, with markup wherever a text comes from data."""

import numpy as np

from components.evaluation.checks import Check
from components.run_report.charts.pictures import encode_picture
from components.run_report.content.data import Data, Distance, Feature, Histogram, Samples, Split
from components.run_report.content.evaluation import Bucket, Evaluation, Misread, Predictions
from components.run_report.content.origin import Origin
from components.run_report.content.part import Missing
from components.run_report.content.report import Measurements, Report
from components.run_report.content.run import End, Node, PastRun, Run
from components.run_report.content.serving import Serving, Signature, Tensor
from components.run_report.content.training import Curve, Training
from pipeline.node_ids import UPSTREAM

SCRIPT = """'"><script>document.title = 'run'</script>"""

NUM_MISREAD = 24
"""So many of the examples that are misread are shown."""

_NUM_CLASSES = 10
_NOT_REACHED = Missing(reason="The run did not get as far.")


def make_measurements() -> Measurements:
    """Returns every part, full of numbers."""
    return Measurements(
        pipeline_name="tfx-mnist",
        run_id="20261127T080000.000000Z",
        model_card=f"# Card\n\nFor *reading* {SCRIPT}.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
        data=_make_data(),
        training=Training(
            curves=(
                Curve(name="loss", values=(0.7, 0.4, 0.36, 0.35)),
                Curve(name="accuracy", values=(0.9, 0.97, 0.985, 0.991)),
                Curve(name="val_loss", values=(0.4, 0.36, 0.35, 0.349)),
                Curve(name="val_accuracy", values=(0.97, 0.985, 0.991, 0.9905)),
            ),
            chosen_epoch=3,
            hyperparameters={"epochs": 4, "strategy": "mirrored"},
            replicas=2,
            devices="CPU",
        ),
        evaluation=_make_evaluation(),
        predictions=_make_predictions(),
        serving=Serving(
            signatures=(
                Signature(
                    name="serve_images",
                    inputs=(Tensor(name="images", dtype="uint8", shape="? x 28 x 28"),),
                    outputs=(Tensor(name="probabilities", dtype="float32", shape="? x 10"),),
                ),
            ),
            latencies_ms={"p50": 0.8, "p90": 1.1, "p99": 2.3},
            max_p99_latency_ms=100.0,
            reasons=(),
        ),
        origin=Origin(
            data_files={f"{SCRIPT}.gz": "a" * 64, "t10k-labels-idx1-ubyte.gz": "b" * 64},
            test_files=("t10k-labels-idx1-ubyte.gz",),
            code_digest="0123456789abcdef",
            artifacts={"examples": 1, "model": 9},
            versions={"tfx": "1.21.0"},
            lock_digest="c" * 64,
            machine="Linux, 2 cores",
        ),
    )


def make_run(end: End = End.PUSHED) -> Run:
    """Returns a run that went through."""
    nodes = tuple(
        Node(name=name, upstream=upstream, state="complete", seconds=1.5 * number)
        for number, (name, upstream) in enumerate(UPSTREAM.items())
    )
    history = tuple(
        PastRun(
            run_id=f"run {number}",
            started=f"2026-11-2{number} 08:00:00 UTC",
            seconds=100.0 - number,
            end=f"pushed {number}",
            accuracy=0.99 + number / 1000,
        )
        for number in range(5)
    )
    return Run(
        run_id="20261127T080000.000000Z",
        pipeline_name="tfx-mnist",
        end=end,
        version="1764230000",
        pushed_to=f"/srv/{SCRIPT}/1764230000",
        nodes=nodes,
        history=history,
    )


def make_report() -> Report:
    """Returns the report of a run that pushed a model."""
    return Report(measurements=make_measurements(), run=make_run())


def with_names(report: Report) -> Report:
    """Returns a report whose classes have names, of which the last one is markup."""
    names = tuple(f"class number {number}" for number in range(_NUM_CLASSES - 1))
    measurements = report.measurements.model_copy(update={"class_names": (*names, SCRIPT)})
    return report.model_copy(update={"measurements": measurements})


def make_refused() -> Report:
    """Returns the report of a run whose model is not good enough."""
    measurements = make_measurements()
    below = Check(
        metric="accuracy", slice="label 9", value=0.94, bound=0.95, passed=False, rows=1000
    )
    evaluation = _make_evaluation().model_copy(update={"checks": (below,)})
    run = make_run(End.REFUSED).model_copy(update={"version": "", "pushed_to": ""})
    return Report(measurements=measurements.model_copy(update={"evaluation": evaluation}), run=run)


def make_other() -> Report:
    """Returns the report of a run of the same test data with whatever else can differ differing."""
    measurements, whole = make_measurements(), make_refused().measurements
    origin, training, predictions = measurements.origin, measurements.training, _make_predictions()
    assert isinstance(origin, Origin)
    assert isinstance(training, Training)
    parts = {
        "origin": origin.model_copy(
            update={
                "data_files": {**origin.data_files, f"{SCRIPT}.gz": "f" * 64},
                "machine": f"{SCRIPT}, 64 cores",
            }
        ),
        "training": training.model_copy(update={"hyperparameters": {SCRIPT: SCRIPT}}),
        "predictions": predictions.model_copy(update={"misread": predictions.misread[::2]}),
        "evaluation": whole.evaluation,
    }
    return Report(measurements=measurements.model_copy(update=parts), run=make_run())


def make_failed() -> Report:
    """Returns the report of a run that ended at its first node."""
    cause = f"IdxError: {SCRIPT}: expected 16 bytes, received 3"
    first, *others = make_run().nodes
    nodes = (
        first.model_copy(update={"state": "failed", "cause": cause}),
        *(node.model_copy(update={"state": "not reached", "seconds": None}) for node in others),
    )
    parts = ("data", "training", "evaluation", "predictions", "serving", "origin")
    return Report(
        measurements=make_measurements().model_copy(update=dict.fromkeys(parts, _NOT_REACHED)),
        run=make_run(End.FAILED).model_copy(
            update={"nodes": nodes, "failed_node": first.name, "cause": cause, "history": ()}
        ),
    )


def _make_data() -> Data:
    edges = tuple(np.linspace(0, 0.4, 51).tolist())
    bell = np.exp(-(((np.array(edges[:-1]) - 0.13) / 0.05) ** 2))
    names = ("train", "eval", "test", "train before")
    features = tuple(
        Feature(
            name=name,
            histograms=tuple(
                Histogram(name=split, edges=edges, counts=tuple((bell + number / 50).tolist()))
                for number, split in enumerate(names)
            ),
        )
        for name in ("mean_intensity", "ink_fraction")
    )
    labels = [str(number) for number in range(_NUM_CLASSES)]
    return Data(
        splits=tuple(
            Split(name=name, rows=10 * rows, classes=dict.fromkeys(labels, rows))
            for name, rows in (("train", 5500), ("eval", 500), ("test", 1000))
        ),
        features=features,
        distances=(
            Distance(
                where="split train against split eval",
                feature=SCRIPT,
                measure="L-infinity",
                value=0.0086,
                threshold=0.03,
            ),
        ),
        samples=tuple(
            Samples(label=label, pictures=(_picture(number),) * 12)
            for number, label in enumerate(labels)
        ),
        contract=f'feature {{\n  name: "{SCRIPT}"\n}}\n',
    )


def _make_evaluation() -> Evaluation:
    return Evaluation(
        metrics={"accuracy": 0.9949, "cross_entropy": 0.0213},
        baseline_metrics={"accuracy": 0.9945, "cross_entropy": 0.022},
        checks=(
            Check(
                metric="accuracy",
                slice="all",
                value=0.9949,
                bound=0.98,
                passed=True,
                rows=10_000,
                baseline=0.9945,
            ),
            *(
                Check(
                    metric="accuracy",
                    slice=f"label {number}",
                    value=0.99,
                    bound=0.95,
                    passed=True,
                    rows=1000,
                    baseline=0.985,
                )
                for number in range(_NUM_CLASSES)
            ),
            Check(metric="accuracy change", slice="all", value=0.0004, bound=-0.002, passed=True),
        ),
    )


def _make_predictions() -> Predictions:
    classes = (*(str(number) for number in range(_NUM_CLASSES - 1)), SCRIPT)
    confusion = np.full((_NUM_CLASSES, _NUM_CLASSES), 3)
    np.fill_diagonal(confusion, 973)
    return Predictions(
        split="test",
        classes=classes,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        reliability=tuple(
            Bucket(confidence=confidence, accuracy=confidence - 0.05, rows=100)
            for confidence in (0.35, 0.55, 0.75, 0.97)
        ),
        misread=tuple(
            Misread(
                row=37 * number,
                label=classes[number % _NUM_CLASSES],
                answer=classes[-1 - number % (_NUM_CLASSES - 1)],
                probability=0.99 - number / 100,
                probability_of_label=0.01,
                picture=_picture(number),
            )
            for number in range(NUM_MISREAD)
        ),
    )


def _picture(number: int) -> str:
    return encode_picture(
        (np.arange(28 * 28).reshape(28, 28) * (number + 1) % 256).astype(np.uint8)
    )
