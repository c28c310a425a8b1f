"""The harness: plans, runs, records and reports; it knows no loss and no network."""

from pathlib import Path

from benchmark.surroundings import settle

settle()  # before any other import: libraries read these variables when they are imported

#: The checkout.
ROOT = Path(__file__).resolve().parents[1]
