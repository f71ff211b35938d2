"""Indications on their way to listeners: the HTTP client, TLS, allowed destinations."""
