"""WhatsApp Business Platform, the Cloud API."""
