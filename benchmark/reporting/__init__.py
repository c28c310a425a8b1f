"""Turns records into tables, figures and Markdown; imports no network library, so that it stays fast."""
