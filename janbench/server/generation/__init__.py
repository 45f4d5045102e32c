"""The pretended model: what it says, and when."""
