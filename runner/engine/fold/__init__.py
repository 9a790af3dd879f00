"""What is known of a run, by its events, and the one thing to do now. Pure."""
