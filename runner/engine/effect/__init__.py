"""A step made: rendered, begun, watched, stopped, ended; its outcome settled, tried again, taken back."""
