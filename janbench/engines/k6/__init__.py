"""What every engine needs to know of k6: its command line, log, outputs and REST API."""
