"""Which test cases there are, which of them a run takes, and what it would do."""
