"""Everything that is true without running: domain types, mapping, reconcile, settings, storage."""
