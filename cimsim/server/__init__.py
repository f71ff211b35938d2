"""The data plane: HTTP framing, connections, TLS, authentication, limits and mounts. It knows neither CIM nor XML."""
