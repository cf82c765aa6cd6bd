"""Tests of the connector, and the sandbox it is tried against."""
