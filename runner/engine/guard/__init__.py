"""Ask the guards of a step, and look things up: the gate before and after an effect, and once more right before it."""
