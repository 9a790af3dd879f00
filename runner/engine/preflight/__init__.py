"""Everything that would stop a run, looked at before it opens; online, and nothing is changed."""
