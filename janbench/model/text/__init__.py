"""Texts that must not be shown as they are: secrets, and what others wrote."""
