"""Files: fetched once, kept until everybody has them, given to each target in the form it takes."""
