"""Two targets in alternating blocks."""
