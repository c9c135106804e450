"""JamBot's settings as they are shipped: YAML files, read by `shared.settings`. Knows no code."""
