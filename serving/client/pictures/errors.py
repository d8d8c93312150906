"""What is said of a file that nothing can be read from."""


class PictureError(ValueError):
    """Input that a model can't be asked about; the message names it and says what it holds."""
