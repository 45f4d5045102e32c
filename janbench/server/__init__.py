"""The embedded Jan Server: a stand-in for the real one, for demos, tests and calibration.

It isn't a real model: it paces seeded words over the contract of Jan Server and records when each
token really left. A leaf: it imports only `janbench.errors` and itself.
"""
