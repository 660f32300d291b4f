"""What a link does with words on their way."""
