"""A reviewer's own look: what is shown, rendered again and measured again on their machine."""
