"""What people see and are asked: every screen is plain data (blocks), escaped and painted in one place."""
