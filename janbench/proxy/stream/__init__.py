"""Event streams: what their frames say, when they came, whether they are whole."""
