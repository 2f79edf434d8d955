"""``python -m serve`` is the command ``cloister``."""

from serve.cli import main

if __name__ == "__main__":
    main()
