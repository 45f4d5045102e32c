"""The life of a service of ours, embedded server or timing proxy: bind, be ready, end in order."""
