"""Sinks that are told about events."""
