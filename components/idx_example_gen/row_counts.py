"""How many rows each split has, as IdxExampleGen notes it on its examples (standard library only).

Whoever writes the notes and whoever reads them finds their names here.
"""


def num_rows_property(split: str) -> str:
    """Returns the name of the custom property that holds the number of rows of a split."""
    return f"num_rows_{split}"
