"""The guard catalogue: one check, one file, and its query beside it."""
