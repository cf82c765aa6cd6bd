"""The one HTTP listener: hooks, health, metrics and the administrator's API."""
