"""shisa: pre-operation safety checklist and runbook executor for PostgreSQL."""

__version__ = "0.1.0"
