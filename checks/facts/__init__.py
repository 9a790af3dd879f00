"""What several checks learn in the same way."""
