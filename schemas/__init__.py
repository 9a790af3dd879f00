"""JSON schemas of the file formats, as package data."""
