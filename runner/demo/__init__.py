"""The incidents, built for real on a throwaway PostgreSQL."""
