"""Answers every HTTP request on a unix socket alike, after some time.

usage: fake_daemon.py SOCKET STATUS BODY REQUESTS_FILE [SECONDS]
"""
import http.server
import socketserver
import sys
import time

path, status, body, requests = sys.argv[1:5]
seconds = float(sys.argv[5]) if len(sys.argv) > 5 else 0


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        with open(requests, "a", encoding="utf-8") as log:
            log.write(f"{self.command} {self.path}\n")
        time.sleep(seconds)
        data = body.encode()
        self.send_response(int(status))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer

    def address_string(self):
        return "local"

    def log_message(self, *args):
        pass


class Server(socketserver.UnixStreamServer):
    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("local", 0)


Server(path, Handler).serve_forever()
