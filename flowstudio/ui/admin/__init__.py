"""Administration: people, registration, the audit log, and the health of the system."""
