"""What makes instances act: the provider API and the life cycle of services."""
