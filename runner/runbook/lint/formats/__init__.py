"""Renderings of a validation report; each module has ``render(report) -> str``."""
