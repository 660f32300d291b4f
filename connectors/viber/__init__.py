"""Viber: bots that speak with one person at a time, and channels that only speak."""
