"""Entry point of `python -m janbench` and of the `janbench` console script."""

from janbench.cli import main

if __name__ == "__main__":
    main()
