"""SQL as text: psql variables, PostgreSQL's own grammar, and what a statement does. Nothing here connects."""
