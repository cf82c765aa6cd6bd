"""Dime.Scheduler: its HTTP API, behaving as facts/dime-scheduler.md says."""
