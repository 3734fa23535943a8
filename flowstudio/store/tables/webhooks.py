"""Addresses and forms through which others start published workflows."""
