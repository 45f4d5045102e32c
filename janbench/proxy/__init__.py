"""The timing proxy: forwards k6's requests and timestamps streamed events on the way back."""
