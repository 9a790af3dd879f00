"""Fold of the events, the next action, and its performance."""
