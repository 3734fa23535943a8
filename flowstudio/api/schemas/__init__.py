"""What the REST API takes and gives, one file a noun."""
