"""The record of one run for people and programs: pure functions of its journal lines."""
