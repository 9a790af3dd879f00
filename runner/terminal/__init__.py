"""What people see and answer in a terminal."""
