"""`python -m bridge` is the command `qantara`."""

from bridge.cli import main

if __name__ == "__main__":
    main()
