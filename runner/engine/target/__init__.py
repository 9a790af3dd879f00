"""The run's targets: which databases they are, connections and locks, who holds them, what still runs there."""
