"""Checks of ACME."""
