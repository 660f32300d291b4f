"""The demonstration: every installed platform, emulated, with a real bridge between their rooms."""
