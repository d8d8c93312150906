import math

from prometheus_client.parser import text_string_to_metric_families

from serving.errors import Code
from serving.metrics import Metrics


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Reads the page as Prometheus does; this parser gives counters the suffix _total."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.render())
        for sample in family.samples
    }


def test_page_has_tf_servings_names_and_labels():
    metrics = Metrics()
    metrics.count_request("m", Code.OK)
    metrics.count_request("m", Code.OK)
    metrics.count_request("m", Code.NOT_FOUND)
    metrics.count_examples("m", 3)
    metrics.request_latency.add("m", "predict", "REST", value=100.0)
    page = samples(metrics)
    assert page[":tensorflow:serving:request_count_total", "m", "OK"] == 2
    assert page[":tensorflow:serving:request_count_total", "m", "NOT_FOUND"] == 1
    assert page[":tensorflow:serving:request_example_count_total", "m"] == 3
    assert page[":tensorflow:serving:request_latency_sum", "m", "predict", "REST"] == 100


def test_histogram_counts_values_up_to_each_limit():
    metrics = Metrics()
    for value in (5.0, 10.0, 11.0, 1e12):
        metrics.request_latency.add("m", "predict", "REST", value=value)
    name = ":tensorflow:serving:request_latency_bucket"
    page = samples(metrics)
    assert page[name, "m", "predict", "REST", "10"] == 2
    assert page[name, "m", "predict", "REST", "18"] == 3
    assert page[name, "m", "predict", "REST", "+Inf"] == 4
    limits = [float(key[-1]) for key in page if key[0] == name]
    assert len(limits) == 34
    assert limits == sorted(limits)
    assert math.isinf(limits[-1])


def test_label_values_are_escaped():
    metrics = Metrics()
    metrics.warmup_records_read.add('/a"b\\c\n', "OK")
    name = ":tensorflow:serving:model_warmup_records_read"
    assert samples(metrics)[f"{name}_total", '/a"b\\c\n', "OK"] == 1
    assert f"# TYPE {name} counter" in metrics.render()


def test_counter_is_read_by_its_name_with_slashes():
    metrics = Metrics()
    metrics.count_request("m", Code.OK)
    assert metrics.read_counter("/tensorflow/serving/request_count") == 1
    assert metrics.read_counter("/tensorflow/serving/unheard_of") == 0


def test_every_counter_of_the_page_is_read_by_name_and_nothing_else_is():
    metrics = Metrics()
    metrics.load_latency.add("/m/1", amount=7)
    metrics.request_latency.add("m", "predict", "REST", value=100.0)
    kinds = dict(line.split()[2:] for line in metrics.render().splitlines() if "# TYPE" in line)
    read = {name: metrics.read_counter(name.replace(":", "/")) for name in kinds}
    assert {name for name, kind in kinds.items() if kind == "counter"} == {
        ":tensorflow:serving:request_count",
        ":tensorflow:serving:request_example_count_total",
        ":tensorflow:serving:model_warmup_records_read",
        ":tensorflow:serving:batching_session:wrapped_run_count",
        ":tensorflow:cc:saved_model:load_attempt_count",
        ":tensorflow:cc:saved_model:load_latency",
    }
    assert {name: value for name, value in read.items() if value} == {
        ":tensorflow:cc:saved_model:load_latency": 7
    }
    assert metrics.read_counter("/tensorflow/serving/request") == 0
