"""`python -m leitmotif`."""

from leitmotif.cli.main import run

if __name__ == "__main__":
    run()
