"""PURE. The cryptography of accounts and secrets: well-kept libraries, and how they are used here."""
