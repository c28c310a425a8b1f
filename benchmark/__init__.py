"""The harness: plans, runs, records and reports; it knows no loss and no network."""

from benchmark.surroundings import settle

settle()  # before any other import: libraries read these variables when they are imported
