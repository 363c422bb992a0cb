"""Mutated images and records: nothing that a camera sends ends, holds up or fills the service."""
