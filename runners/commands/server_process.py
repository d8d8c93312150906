"""The process of a model server: its log, its signals, its end."""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import click

from runners.commands.quiet import quiet_tensorflow
from runners.commands.serve_options import warn_of_flags_without_effect
from serving.errors import ServingError
from serving.options import ServerOptions

if TYPE_CHECKING:
    from serving.server import Server

_WATCHDOG_SECONDS = 5.0
_LAST_WORDS_SECONDS = 1.0
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

logger = logging.getLogger(__name__)


def run_server(
    options: ServerOptions,
    flags: Mapping[str, Any],
    *,
    on_listening: "Callable[[Server], None]",
    on_ready: Callable[[], None] | None = None,
) -> None:
    """Serves until SIGTERM or Ctrl-C, and ends the process.

    Args:
      options: How to serve.
      flags: What they were made of.
      on_listening: Called once clients can connect.
      on_ready: Called once they can ask each model.

    Raises:
      click.ClickException: A port is taken, or a model can't be loaded.
    """
    _end_by_ctrl_c()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    warn_of_flags_without_effect(flags)
    _warn_of_open_doors(options)
    try:
        _run(options, on_listening, on_ready)
    except (ServingError, OSError, RuntimeError) as error:
        raise click.ClickException(str(error)) from error


def _end_by_ctrl_c() -> None:
    """Has Ctrl-C end the process at once, as SIGTERM does: nothing is begun that it could break.

    Python's own handler raises an error wherever the program is, and libraries that are just being
    loaded make other errors of it.
    """
    # What a shell has started in the background ignores Ctrl-C, and goes on to do so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _warn_of_open_doors(options: ServerOptions) -> None:
    if options.host not in _LOOPBACK and options.bearer_token is None:
        logger.warning("Everybody who reaches %s may use the models: no token is set", options.host)
    if options.grpc_tls and options.rest_api_port:
        logger.warning(
            "--ssl_config_file encrypts gRPC alone; REST is in plain text, unless "
            "--tls_certificate_file encrypts both"
        )


def _run(
    options: ServerOptions,
    on_listening: "Callable[[Server], None]",
    on_ready: Callable[[], None] | None,
) -> None:
    # A model server has no Keras; ruling it out halves the time to start.
    sys.modules.setdefault("keras", None)  # type: ignore[arg-type]
    with quiet_tensorflow():  # it comes with the server: --help need not wait
        import uvloop  # noqa: PLC0415

        from serving.server import Server  # noqa: PLC0415

    # What is there before the models stays: looking through it whenever a model is unloaded would
    # hold up requests for a fifth of a second.
    gc.collect()
    gc.freeze()
    server = Server(options, on_listening=lambda: on_listening(server), on_ready=on_ready)
    _stop_on_signals(server, options.shutdown_grace_seconds)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(server.run())
        # Taking TensorFlow down in order takes seconds of CPU and changes nothing, and a thread
        # that never ends would be waited for.
        _end(0)


def _stop_on_signals(server: "Server", grace_seconds: float) -> None:
    """Has SIGTERM and Ctrl-C end the server, in order or else without order when time is over.

    Before this is called, they end the process as they end any.
    """
    # A handler may interrupt its thread while that holds a lock, so that it must take none itself;
    # of all queues this one can be put into all the same. The threads are there before they are
    # needed: later the machine may have none left.
    to_stop: SimpleQueue[int] = SimpleQueue()
    to_watch: SimpleQueue[int] = SimpleQueue()

    def stop() -> None:
        to_stop.get()
        server.stop()

    def watch() -> None:
        to_watch.get()
        time.sleep(grace_seconds + _WATCHDOG_SECONDS)
        _give_up()

    for work in (stop, watch):
        threading.Thread(target=work, name=f"signals-{work.__name__}", daemon=True).start()

    def hand_on(number: int, _: object) -> None:
        to_watch.put(number)
        to_stop.put(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, hand_on)


def _give_up() -> None:
    """Ends the process; says so in the log, unless writing there takes for ever."""
    words = "The server can't end in order; ending anyway"
    log = threading.Thread(target=logger.error, args=(words,), daemon=True)
    with suppress(RuntimeError):  # the machine has no thread left
        log.start()
        log.join(_LAST_WORDS_SECONDS)
    os._exit(1)


def _end(code: int) -> None:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:  # whoever reads them may be gone
        os._exit(code)
