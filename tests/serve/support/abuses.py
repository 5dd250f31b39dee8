# SPDX-License-Identifier: Apache-2.0
"""Requests that are not HTTP as it should be, and what is expected of each."""
from load import problems
from raw import chunks, post, request

PICTURE, WANT = problems(1)[0]
GET = b"GET /ping HTTP/1.1"
HIDDEN = request(b"GET /hidden HTTP/1.1")  # is 404 if the server takes it for a request
ATTRIBUTES = b"X-Amzn-SageMaker-Custom-Attributes: "


def bare(line):
    return line + b"\r\nHost: x\r\n\r\n"


# name, bytes, the codes of which the one answer has one (0: closed without an answer)
LIST = [
    # request lines
    ("nothing but empty lines", b"\r\n" * 5, {0}),
    ("bytes of no protocol", bytes(range(256)), {0, 400}),
    ("zeros", bytes(4096), {0, 400}),
    ("a line without a version", bare(b"GET /ping"), {0, 400}),
    ("a line without a path", bare(b"GET HTTP/1.1"), {0, 400}),
    ("a line of one word", bare(b"GET"), {0, 400}),
    ("a line with a word too many", bare(b"GET /ping x HTTP/1.1"), {0, 400}),
    ("two spaces", bare(b"GET  /ping  HTTP/1.1"), {0, 400}),
    ("tabs for spaces", bare(b"GET\t/ping\tHTTP/1.1"), {0, 400}),
    ("no method", bare(b" /ping HTTP/1.1"), {0, 400}),
    ("a method that nobody has", bare(b"BREW /ping HTTP/1.1"), {405}),
    ("a method in small letters", bare(b"get /ping HTTP/1.1"), {405}),
    ("a method that is no word", bare(b"G@(T /ping HTTP/1.1"), {400}),
    ("a method of 20,000 letters", bare(b"A" * 20000 + b" /ping HTTP/1.1"), {0, 400, 405, 414, 431}),
    ("a method of 200,000 letters", bare(b"A" * 200000 + b" /ping HTTP/1.1"), {0, 400, 414, 431}),
    ("CONNECT", bare(b"CONNECT x:80 HTTP/1.1"), {400, 404, 405}),
    ("OPTIONS *", bare(b"OPTIONS * HTTP/1.1"), {404, 405}),
    ("TRACE", bare(b"TRACE / HTTP/1.1"), {405}),
    ("HTTP/9.9", bare(b"GET /ping HTTP/9.9"), {400, 505}),
    ("HTTP/0.9", bare(b"GET /ping HTTP/0.9"), {0, 400, 505}),
    ("HTTP/1.11111", bare(b"GET /ping HTTP/1.11111"), {400, 505}),
    ("http in small letters", bare(b"GET /ping http/1.1"), {400, 505}),
    ("FTP/1.1", bare(b"GET /ping FTP/1.1"), {400, 505}),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), {0, 400, 505}),
    ("a hello of TLS", bytes.fromhex("16030102000100 01fc0303") + bytes(range(256)) * 2, {0, 400}),

    # addresses
    ("a path of 100,000 letters", bare(b"GET /" + b"a" * 100000 + b" HTTP/1.1"), {0, 414, 431}),
    ("a query of 100,000 letters", bare(b"GET /ping?" + b"a=b&" * 25000 + b" HTTP/1.1"), {0, 414, 431}),
    ("a query of 1,000 arguments", bare(b"GET /ping?" + b"a=b&" * 1000 + b" HTTP/1.1"), {0, 200, 414, 431}),
    ("a path that leads upwards", bare(b"GET /models/../../etc/passwd HTTP/1.1"), {404}),
    ("the same, encoded", bare(b"GET /models/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1"), {404}),
    ("a folder as a name", bare(b"GET /models/.. HTTP/1.1"), {404}),
    ("an encoded zero", bare(b"GET /ping%00.png HTTP/1.1"), {404}),
    ("a zero", bare(b"GET /pi\0ng HTTP/1.1"), {0, 400, 404}),
    ("half of an encoded character", bare(b"GET /%zz%1%  HTTP/1.1".replace(b"  ", b" ")), {400, 404}),
    ("a name in characters that are no text", bare(b"GET /models/%ff%fe HTTP/1.1"), {404}),
    ("a name with a line break", bare(b"GET /models/a%0d%0aX:%20y HTTP/1.1"), {404}),
    ("an encoded letter", bare(b"GET /%70ing HTTP/1.1"), {200}),
    ("a whole URL", bare(b"GET http://elsewhere/ping HTTP/1.1"), {200}),
    ("a whole URL in capitals", bare(b"GET HTTPS://ELSEWHERE:8443/ping?a=b HTTP/1.1"), {200}),
    ("a whole URL without a path", bare(b"GET http://elsewhere HTTP/1.1"), {200}),
    ("half of a whole URL", bare(b"GET http:/ping HTTP/1.1"), {404}),

    # headers
    ("no Host", request(GET, host=False), {400}),
    ("two Hosts", request(GET, b"Host: y"), {400}),
    ("a line without a colon", request(GET, b"no colon"), {400}),
    ("a space before the colon", request(GET, b"Name : value"), {400}),
    ("a name with a space", request(GET, b"Na me: value"), {400}),
    ("a name with a zero", request(GET, b"Na\0me: value"), {400}),
    ("a value with a zero", request(GET, b"Name: val\0ue"), {200, 400}),
    ("a value with a carriage return", request(GET, b"Name: val\rue"), {400}),
    ("a value with an escape", request(GET, b"Name: val\x1b[2Jue"), {400}),
    ("a folded line", request(GET, b"Name: value", b"  and more"), {200, 400}),
    ("a folded first line", GET + b"\r\n Host: x\r\n\r\n", {400}),
    ("lines that end in LF", GET + b"\nHost: x\n\n", {200, 400}),
    ("lines that end in CR", GET + b"\rHost: x\r\r", {0, 400}),
    ("20,000 lines", request(GET, *[b"A: b"] * 20000), {0, 400, 431}),
    ("a value of 100,000 letters", request(GET, b"Name: " + b"v" * 100000), {0, 413, 431}),
    ("a value of 1 MB", post(PICTURE, ATTRIBUTES + b"v" * 1000000), {0, 413, 431}),
    ("a name of 100,000 letters", request(GET, b"N" * 100000 + b": v"), {0, 413, 431}),
    ("a header without end", GET + b"\r\nHost: x\r\n", {0}),

    # lengths of bodies
    ("two lengths", post(PICTURE, b"Content-Length: 5") + HIDDEN, {400}),
    ("the same length twice", post(PICTURE, b"Content-Length: %d" % len(PICTURE)), {400}),
    ("a list of lengths", post(PICTURE, b"Content-Length: 70, 70", length=False), {400}),
    ("a negative length", post(PICTURE, b"Content-Length: -5", length=False) + HIDDEN, {400}),
    ("a length with a sign", post(PICTURE, b"Content-Length: +%d" % len(PICTURE), length=False), {400}),
    ("a length in hexadecimal", post(PICTURE, b"Content-Length: 0x46", length=False), {400}),
    ("a length with a fraction", post(PICTURE, b"Content-Length: 70.5", length=False), {400}),
    ("a length with a space in it", post(PICTURE, b"Content-Length: 7 0", length=False), {400}),
    ("a word for a length", post(PICTURE, b"Content-Length: much", length=False), {400}),
    ("an empty length", post(PICTURE, b"Content-Length: ", length=False), {400}),
    ("a length of 2^63", post(PICTURE, b"Content-Length: 9223372036854775808", length=False), {413}),
    ("a length of 2^64 - 1", post(PICTURE, b"Content-Length: 18446744073709551615", length=False), {413}),
    ("a length of 10^30", post(PICTURE, b"Content-Length: 1" + b"0" * 30, length=False), {400, 413}),
    ("a body shorter than its length", post(PICTURE[:-5], b"Content-Length: %d" % len(PICTURE), length=False), {0}),
    ("a body longer than its length", post(PICTURE, b"Content-Length: 10", length=False), {400}),
    ("no length", post(PICTURE, length=False), {400, 411}),
    ("a length of 0", post(b""), {400}),
    ("a GET with a body", request(GET, b"Content-Length: %d" % len(HIDDEN), body=HIDDEN), {200}),

    # chunks
    ("chunks, and a length before", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: chunked"), {400}),
    ("chunks, and a length of 0", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: chunked", b"Content-Length: 0",
                                       length=False), {400}),
    ("another coding", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: gzip", length=False), {400, 501}),
    ("two codings", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: gzip, chunked", length=False), {400, 501}),
    ("chunked twice", post(chunks(PICTURE), b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", length=False),
     {400, 501}),
    ("chunked, and then not", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity",
                                   length=False), {400, 501}),
    ("nearly chunked", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: xchunked", length=False), {400, 501}),
    ("chunked, with a control character", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: \x0bchunked", length=False),
     {400, 501}),
    ("chunks in HTTP/1.0", b"POST /invocations HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(PICTURE), {400}),
    ("a size that is no number", post(b"zz\r\n" + PICTURE + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", length=False), {400}),
    ("a negative size", post(b"-5\r\n" + PICTURE + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", length=False), {400}),
    ("a size with 0x", post(b"0x46\r\n" + PICTURE + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", length=False), {400}),
    ("an empty size", post(b"\r\n" + PICTURE + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", length=False), {400}),
    ("a size of 2^64 - 1", post(b"f" * 16 + b"\r\n" + PICTURE, b"Transfer-Encoding: chunked", length=False), {0, 400, 413}),
    ("a size of 2^80", post(b"f" * 20 + b"\r\n" + PICTURE, b"Transfer-Encoding: chunked", length=False), {400, 413}),
    ("a size of 100,000 digits", post(b"0" * 100000 + b"\r\n", b"Transfer-Encoding: chunked", length=False),
     {0, 400, 413, 431, 500}),  # 500 is the HTTP library's word for a line that it has no room for
    ("a chunk shorter than its size", post(b"5\r\nabc\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", length=False), {0, 400}),
    ("a chunk longer than its size", post(b"5\r\n" + PICTURE + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", length=False), {400}),
    ("chunks without end", post(chunks(PICTURE, end=b""), b"Transfer-Encoding: chunked", length=False), {0}),
    ("an extension of a chunk", post(b"%x;a=\"b\"\r\n" % len(PICTURE) + PICTURE + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked",
                                     length=False), {200, 400}),
    ("trailers", post(chunks(PICTURE, end=b"0\r\nContent-Length: 5\r\nX: y\r\n\r\n"), b"Transfer-Encoding: chunked", length=False),
     {200, 400}),
    ("a trailer without a colon", post(chunks(PICTURE, end=b"0\r\nno colon\r\n\r\n"), b"Transfer-Encoding: chunked",
                                       length=False), {0, 200, 400}),
    ("5,000 trailers", post(chunks(PICTURE, end=b"0\r\n" + b"A: b\r\n" * 5000 + b"\r\n"), b"Transfer-Encoding: chunked",
                            length=False), {0, 400, 413, 431}),
    ("chunks of one byte", post(chunks(*[PICTURE[i:i + 1] for i in range(len(PICTURE))]), b"Transfer-Encoding: chunked",
                                length=False), {200}),

    # what is carried into answers and records
    ("attributes of 1,024 characters", post(PICTURE, ATTRIBUTES + b"v" * 1024), {200}),
    ("attributes of 1,025 characters", post(PICTURE, ATTRIBUTES + b"v" * 1025), {400}),
    ("attributes that are no ASCII", post(PICTURE, ATTRIBUTES + "ä".encode()), {400}),
    ("attributes with a carriage return", post(PICTURE, ATTRIBUTES + b"a\rSet-Cookie: b"), {400}),
    ("attributes with a line feed", post(PICTURE, ATTRIBUTES + b"a\nSet-Cookie: b"), {200, 400}),
    ("attributes that are folded", post(PICTURE, ATTRIBUTES + b"a", b" Set-Cookie: b"), {200, 400}),
    ("a variant that leads upwards", post(PICTURE, b"X-Amzn-SageMaker-Target-Variant: ../../x"), {404}),
    ("a type of 20,000 letters", post(PICTURE, kind=b"image/" + b"x" * 20000), {415, 431}),
    ("an Accept of 5,000 ranges", post(PICTURE, b"Accept: " + b"a/b," * 5000 + b"*/*"), {200, 431}),
    ("leave asked for, and not waited for", post(PICTURE, b"Expect: 100-continue"), {200, 417}),
    ("something else expected", post(PICTURE, b"Expect: tea"), {200, 417}),
    ("an upgrade", request(GET, b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQ"), {200}),
]

# the same, where the client's side ends behind its bytes
HALF = [
    ("a request, and the end", request(GET), {200}),
    ("a picture, and the end", post(PICTURE), {0, 200}),
    ("half a line", GET[:7], {0, 400}),
    ("half a header", GET + b"\r\nHost", {0, 400}),
    ("half a body", post(PICTURE)[:-5], {0, 400}),
    ("half a chunk", post(chunks(PICTURE, end=b"")[:-9], b"Transfer-Encoding: chunked", length=False), {0, 400}),
    ("nothing", b"", {0}),
]
