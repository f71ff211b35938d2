"""A client that is a bare socket: what a server sends until it closes, however wrong it is."""

import socket


def exchanged(address: tuple[str, int], request: bytes) -> tuple[bytes, bytes, bool]:
    """Send a request; return head and body of all that comes until the server closes, and whether it reset."""
    data = b""
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(request)
        try:
            while part := connection.recv(65536):
                data += part
        except ConnectionResetError:
            return *_split(data), True
    return *_split(data), False


def _split(data: bytes) -> tuple[bytes, bytes]:
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body
