"""Opens TLS connections to a gateway, each for a few requests, and keeps one open all the time, until SIGTERM.

Prints one line of JSON: connections, requests, distinct certificates, and what failed.

    tls_load.py PORT HOST AUTHORITY
"""

import json
import signal
import socket
import ssl
import sys
import threading

PORT, HOST, AUTHORITY = int(sys.argv[1]), sys.argv[2], sys.argv[3]
REQUEST = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
stopping = threading.Event()
lock = threading.Lock()
tally = {"connections": 0, "requests": 0, "certificates": set(), "failures": []}


def connect():
    context = ssl.create_default_context(cafile=AUTHORITY)
    connection = context.wrap_socket(socket.create_connection(("127.0.0.1", PORT), 10), server_hostname=HOST)
    with lock:
        tally["connections"] += 1
        tally["certificates"].add(connection.getpeercert()["serialNumber"])
    return connection


def ask(connection):
    connection.sendall(REQUEST)
    data = b""
    while not data.endswith(b"shop"):
        more = connection.recv(4096)
        if not more:
            raise OSError("closed within a response")
        data += more
    if not data.startswith(b"HTTP/1.1 200 "):
        raise OSError(data.split(b"\r\n")[0].decode())
    with lock:
        tally["requests"] += 1


def run(requests):
    while not stopping.is_set():
        try:
            with connect() as connection:
                for _ in range(requests):
                    if stopping.is_set():
                        break
                    ask(connection)
        except OSError as error:
            with lock:
                tally["failures"].append(repr(error))


signal.signal(signal.SIGTERM, lambda *_: stopping.set())
threads = [threading.Thread(target=run, args=[count]) for count in (2, 2, 1 << 60)]
for thread in threads:
    thread.start()
print("running", flush=True)
stopping.wait()
for thread in threads:
    thread.join()
tally["certificates"] = len(tally["certificates"])
print(json.dumps(tally), flush=True)
