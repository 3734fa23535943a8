"""What leaves the machine for the nodes: HTTP and mail, only to addresses that are allowed."""
