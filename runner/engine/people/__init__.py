"""The people whom a run asks and waits for: approvals, their windows and groups, answers to questions."""
