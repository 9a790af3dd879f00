"""Procedures that come with the program, as package data."""
