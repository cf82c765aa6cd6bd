"""Everything that runs: execution model, supervision, actors, API clients, intake."""
