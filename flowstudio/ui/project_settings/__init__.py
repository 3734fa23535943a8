"""One project: who belongs to it, and what it keeps."""
