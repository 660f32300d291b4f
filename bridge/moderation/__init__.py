"""What moderators, and people for themselves, ask the bridge in a room."""
