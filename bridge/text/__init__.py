"""Formatted text as a tree, and the formats several platforms share."""
