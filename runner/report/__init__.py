"""The journal of a run as a document."""
