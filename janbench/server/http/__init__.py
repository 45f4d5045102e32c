"""HTTP as the embedded server speaks it."""
