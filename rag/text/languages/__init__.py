"""Languages as data: one TOML file for each, which a native speaker can extend, and their reader."""
