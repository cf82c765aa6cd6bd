"""The configuration: one TOML file and the environment, parsed once, with all problems told at once."""
