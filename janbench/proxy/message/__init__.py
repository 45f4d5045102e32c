"""Rules for HTTP messages: how large they may be, how far from the letter of the standard."""
