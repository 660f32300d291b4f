"""Connectors to platforms: one package each."""
