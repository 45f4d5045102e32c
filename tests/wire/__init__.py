"""What real servers put on the wire, as cases that both readers run through."""
