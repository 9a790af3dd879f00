"""Requests, signed statements, and what makes an approval count."""
