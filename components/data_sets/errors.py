"""What is wrong with a data set (standard library only)."""


class DataSetError(ValueError):
    """Input that is not what a data set holds.

    The message names the file, what was expected, what was received and what to do next.
    """
