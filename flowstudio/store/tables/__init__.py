"""The tables, one noun a file. Rows never leave `store`."""
