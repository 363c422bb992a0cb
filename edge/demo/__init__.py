"""A whole Yardlight on one machine: broker, cameras, service, view, and the recount at the end."""

from pathlib import Path

BUNDLE = Path(__file__).parent / "bundle"
"""The committed bundle: trained by this project's trainer on its own simulated cameras."""
