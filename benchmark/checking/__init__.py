"""The contract tests behind ``python -m benchmark check``."""
