"""`python -m lpr` is the command `lpr`."""

from lpr.cli import main

if __name__ == "__main__":
    main()
