"""The whole bridge in one process, under virtual time, one seed and every fault we know: see docs/simulation.md."""
