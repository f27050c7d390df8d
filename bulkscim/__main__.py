"""Run the command line as `python -m bulkscim`."""

from bulkscim.cli import main

if __name__ == "__main__":
    main()
