"""Logging that is configured for one test, and afterwards as it was."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import Iterator

import structlog


@contextlib.contextmanager
def logging_restored() -> Iterator[None]:
    """Whatever `configure_logging` changes in the block is put back."""
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    handlers, level = list(logging.root.handlers), logging.root.level
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        structlog.reset_defaults()
