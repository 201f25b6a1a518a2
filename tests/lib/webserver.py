# SPDX-License-Identifier: LGPL-2.1-or-later
"""A web server on the loopback whose one page is known: what guests fetch through user networking."""
import http.server
import threading


class WebServer:
    """A context that is the port."""

    TEXT = b'served from the loopback\n'

    def __enter__(self):
        text = self.TEXT

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.server.server_address[1]

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
