"""Shows the trials of a search (no TensorFlow)."""

from rich.table import Table

from components.run_report.content.search import Search
from modules.tuning.progress import show_value


def make_trials_table(search: Search) -> Table:
    """Returns a line for each trial, the best first; the first one tried had the present values."""
    names = list(search.trials[0].values)
    table = Table(
        title=f"Trials: accuracy on the {search.eval_rows:,} rows of the split eval",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    for name in ("trial", *names, "accuracy", "CPU s"):
        table.add_column(name.replace("_", "\n"), justify="right", vertical="bottom")
    table.add_column("")
    for trial in search.trials:
        table.add_row(
            str(trial.number),
            *(show_value(trial.values[name]) for name in names),
            "diverged" if trial.score is None else f"{trial.score:.4f}",
            f"{trial.cpu_seconds:.0f}",
            "present" if trial.number == 1 else "",
            style="bold" if trial is search.trials[0] else "",
        )
    return table
