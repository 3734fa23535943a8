"""What `flowstudio doctor` looks at; nothing is made, changed or brought up to date by looking."""
