"""Lint rules for runbooks, one file each."""
