# SPDX-License-Identifier: Apache-2.0
"""A client that says any bytes and tells answers apart by their lengths."""
import socket
import ssl
import time


def request(line, *headers, body=b"", host=True):
    """Bytes of a request: lines joined as they should be."""
    lines = [line, *([b"Host: x"] if host else []), *headers, b"", b""]
    return b"\r\n".join(lines) + body


def post(body, *headers, path=b"/invocations", length=True, kind=b"image/png"):
    count = [b"Content-Length: %d" % len(body)] if length else []
    return request(b"POST " + path + b" HTTP/1.1", b"Content-Type: " + kind, *count, *headers, body=body)


def chunks(*pieces, end=b"0\r\n\r\n"):
    return b"".join(b"%x\r\n" % len(piece) + piece + b"\r\n" for piece in pieces) + end


class Raw:
    """A connection. `source` is the client's address, `buffer` its receive buffer in bytes."""

    def __init__(self, server, seconds=20, source=None, buffer=None, tls=False):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.settimeout(seconds)
        self.end = time.time() + seconds
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect((server.host, server.port))
        if tls:
            context = ssl.create_default_context(cafile=tls)
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.buffer, self.closed = b"", False

    def send(self, data, half=False):
        """False: the other side has closed."""
        try:
            self.socket.sendall(data)
            if half:
                self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return False
        return True

    def trickle(self, data, pause):
        """Byte by byte; returns how many went before the other side closed."""
        for i in range(len(data)):
            if not self.send(data[i:i + 1]):
                return i
            self.socket.settimeout(pause)
            try:
                piece = self.socket.recv(65536)
                self.buffer += piece
                if not piece:
                    self.closed = True
                    return i
            except TimeoutError:
                pass
            except OSError:
                self.closed = True
                return i
        return len(data)

    def receive(self):
        """More bytes; False: closed, or the time is over, in which case `closed` is still False."""
        try:
            self.socket.settimeout(max(0.01, self.end - time.time()))
            piece = self.socket.recv(65536)
        except TimeoutError:
            return False
        except OSError:
            piece = b""
        self.buffer += piece
        self.closed = self.closed or not piece
        return bool(piece)

    def answer(self):
        """The next answer as (code, headers, body); None where there is none any more. 100s are passed over."""
        while True:
            while b"\r\n\r\n" not in self.buffer:
                if not self.receive():
                    return None
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            code = int(lines[0].split(b" ")[1])
            headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines[1:])}
            length = 0 if code == 100 else int(headers.get(b"content-length", b"0"))
            while len(rest) < length:
                if not self.receive():
                    return None
                rest = self.buffer.partition(b"\r\n\r\n")[2]
            self.buffer = rest[length:]
            if code != 100:
                return code, headers, rest[:length]

    def answers(self):
        """All until it is closed."""
        found = []
        while one := self.answer():
            found.append(one)
        while not self.closed and self.receive():
            pass
        return found

    def reset(self):
        """Closes as a machine that is switched off would be told of."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def close(self):
        self.socket.close()
