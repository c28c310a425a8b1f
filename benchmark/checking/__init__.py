"""The contract tests behind ``benchmark/check.py``."""
