"""The append-only record of every run."""
