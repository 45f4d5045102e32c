"""The embedded Jan Server: a faithful stand-in for demos, tests and calibration."""
