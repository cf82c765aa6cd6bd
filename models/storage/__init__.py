"""The store: what must survive a crash. `models.storage.store.Store` is the way in."""
