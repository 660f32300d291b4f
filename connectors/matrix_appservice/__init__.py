"""Matrix as an application service: everybody from elsewhere has a ghost on the homeserver."""
