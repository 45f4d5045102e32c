"""Preflight: is the target there, does it let us in, does it have the model?"""
