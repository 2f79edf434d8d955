"""Exit with 0 if Cloister answers on its UNIX socket: the health check of its container."""

import http.client
import socket
import sys


class _OnSocket(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(sys.argv[1])


if __name__ == "__main__":
    connection = _OnSocket("localhost", timeout=4)
    try:
        connection.request("GET", "/healthz")
        sys.exit(connection.getresponse().status != http.client.OK)
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"{sys.argv[1]}: {error}")
