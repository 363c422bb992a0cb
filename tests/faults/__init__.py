"""Faults done to real brokers and real services, and the recount afterwards."""
