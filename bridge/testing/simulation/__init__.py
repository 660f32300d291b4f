"""The whole bridge under one seed and every mishap: see docs/decisions/a-simulation-of-the-whole-bridge.md."""
