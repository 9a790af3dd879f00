"""Telling people what they are waited for: sinks outside, and a delivery table that is the journal itself."""
