"""k6's summaries and samples, read and merged."""
