"""Simulated CIMOMs for tests."""
