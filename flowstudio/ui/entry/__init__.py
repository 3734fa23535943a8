"""The pages of coming in: set up, sign in, register, recover, verify, be invited."""
