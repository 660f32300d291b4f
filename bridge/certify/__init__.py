"""Shows on the real platform, with a real account and somebody in a room made for it, what a connector does there."""
