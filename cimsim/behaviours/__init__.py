"""What makes instances act: the behaviour API and the life cycle of services."""
