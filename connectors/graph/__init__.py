"""What the connectors of Meta's Graph API share: settings, signed calls in, calls out, errors."""
