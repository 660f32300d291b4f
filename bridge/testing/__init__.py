"""The kit other people run: contract, platforms, strategies."""
