"""Microsoft Graph: the calendar part of a tenant, behaving as facts/microsoft-graph.md says."""
