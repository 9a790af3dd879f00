"""One file a rule: its page is the docstring."""
