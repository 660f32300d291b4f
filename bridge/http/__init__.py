"""The HTTP side: health, status, queue, webhooks."""
