"""The local engine: k6 as a child process, once or several times."""
