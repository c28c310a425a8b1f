"""The harness: plans, runs, records and reports; it knows no loss and no network."""
