"""Runbook files: model, load, render, plan, lint."""
