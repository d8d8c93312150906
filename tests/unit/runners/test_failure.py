"""The sentence that says why a node failed."""

from runners.failure import cause_of


def test_a_plain_error_is_its_type_and_message():
    assert cause_of(ValueError("bad rows")) == "ValueError: bad rows"


def test_an_error_that_beam_wrapped_loses_the_traceback_and_the_step():
    wrapped = RuntimeError(
        "Traceback (most recent call last):\n"
        '  File "worker.py", line 1, in process\n'
        "    read()\n"
        "components.idx_files.idx.IdxError: train-images: expected 10 bytes, received 9\n"
        "Next step: fetch it again. [while running 'ReadRows']\n"
    )

    assert cause_of(wrapped) == (
        "IdxError: train-images: expected 10 bytes, received 9\nNext step: fetch it again."
    )


def test_the_last_of_several_tracebacks_counts():
    text = (
        "Traceback (most recent call last):\n  File 'a'\nKeyError: 1\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n  File 'b'\nOSError: disk full\n"
    )

    assert cause_of(text) == "OSError: disk full"


def test_what_would_steer_a_terminal_is_seen_instead():
    error = ValueError("a file named \x1b[2J\x07\nwhich is odd")

    assert cause_of(error) == "ValueError: a file named \ufffd[2J\ufffd\nwhich is odd"
