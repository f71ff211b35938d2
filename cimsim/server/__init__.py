"""The data plane: HTTP for CIM clients, authentication and limits. It knows no CIM classes."""
