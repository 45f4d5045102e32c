"""HTTP as the timing proxy speaks it, to its client and to the target."""
