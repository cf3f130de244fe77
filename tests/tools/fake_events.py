"""Answers on a unix socket as slickqd does when it is asked for its events.

usage: fake_events.py SOCKET LIST [STREAM...]

`GET /v1/events` is answered with the JSON array LIST. Each request to follow gets the next STREAM, JSON lines, and then
the end, as who was dropped sees it. When there is no STREAM left, it is the daemon that ends: its socket goes away.
"""
import http.server
import os
import socketserver
import sys
import threading

path, listed, *streams = sys.argv[1:]
was_listed = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.close_connection = True
        self.send_response(200)
        if "follow=1" not in self.path:
            self.send_header("Content-Length", str(len(listed.encode())))
            self.end_headers()
            self.wfile.write(listed.encode())
            was_listed.set()
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in streams.pop(0).encode().splitlines(keepends=True):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        was_listed.wait()  # the end of a daemon that did not live so long would be another one
        if not streams:
            os.unlink(path)

    def address_string(self):
        return "local"

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingUnixStreamServer):
    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("local", 0)


Server(path, Handler).serve_forever()
