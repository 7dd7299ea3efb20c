"""A server on the loopback interface, for what happens to downloads."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body=b"", length=None, **headers):
        """Send a body, which may be shorter than the header says."""
        self.send_response(status)
        headers["Content-Length"] = str(len(body) if length is None else length)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(handler):
    """Serve until the block ends; `ended` is set then, so that a silent handler can wait for it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.ended, server.address = threading.Event(), f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        try:
            yield server
        finally:  # its thread would poll a closed socket for ever, as fast as it can
            server.ended.set()
            server.shutdown()
