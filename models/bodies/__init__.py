"""Bodies: plain text on the board, HTML in Outlook, and the board's own block inside it."""

from __future__ import annotations

from models.bodies.block import read_block, with_block
from models.bodies.plain import html_of, replaceable, text_of

__all__ = ["html_of", "read_block", "replaceable", "text_of", "with_block"]
