"""receiver.py - where alerts arrive: what Alertmanager tells of them, and slipstream's own webhook, by path."""

import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OLDEST_S = 300


def is_signed(header, body, secret):
    """As schemas/README.md tells receivers to check it."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    expected = hmac.new(secret, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and abs(time.time() - int(parts["t"])) <= OLDEST_S


class Receiver:
    """Keeps the requests to every path, in order, as (headers, body, status); `answers` has the status by path."""

    def __init__(self):
        self.answers = {}
        self.requests = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                path = self.path.partition("?")[0]
                status = receiver.answers.get(path, 200)
                receiver.requests.append((path, dict(self.headers), body, status))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True)
        self.thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def taken(self, path):
        """Headers and body of what was answered with 2xx."""
        return [(headers, body) for at, headers, body, status in list(self.requests) if at == path and status < 300]

    def refused(self, path):
        return sum(1 for at, _, _, status in list(self.requests) if at == path and status >= 300)

    def told(self, path, status):
        """Alertmanager's notifications that hold an alert that is firing or resolved."""
        return [json.loads(body) for _, body in self.taken(path)
                if any(alert["status"] == status for alert in json.loads(body)["alerts"])]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
