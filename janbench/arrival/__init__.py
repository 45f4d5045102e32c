"""Connections that know when their bytes arrived: by the kernel's clock, where it tells."""
