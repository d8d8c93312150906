"""What is said of a file that no digit can be read from."""


class PictureError(ValueError):
    """Input that holds no picture of a digit; the message names it and says what it holds."""
