"""The proxy as a process: its workers, what it says of itself, its records."""
