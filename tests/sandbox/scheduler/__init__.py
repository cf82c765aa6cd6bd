"""A local Dime.Scheduler: its board, HTTP API, import procedures and webhooks (facts/dime-scheduler.md)."""
