"""Facebook Messenger: the inbox of a page, one person at a time, over Meta's Graph API."""
