"""An HTTP/2 client over TLS, on python3-h2.

    http2_client.py websocket PORT HOST AUTHORITY    a websocket by extended CONNECT (RFC 8441): one message and back
    http2_client.py drain PORT HOST AUTHORITY        a request that the gateway's end announces itself in: prints "begun"
                                                     when its head was sent, and what came before the connection closed
"""

import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.events
import h2.settings

MODE, PORT, HOST, AUTHORITY = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


class Client:
    def __init__(self):
        context = ssl.create_default_context(cafile=AUTHORITY)
        context.set_alpn_protocols(["h2"])
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", PORT), 10), server_hostname=HOST)
        assert self.socket.selected_alpn_protocol() == "h2"
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.http.initiate_connection()
        self.flush()

    def flush(self):
        self.socket.sendall(self.http.data_to_send())

    def events(self):
        """Every event until the connection ends."""
        while True:
            data = self.socket.recv(65536)
            if not data:
                return
            for event in self.http.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                yield event
            self.flush()


def text_frame(text):
    mask = b"\1\2\3\4"
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(text))
    return bytes([0x81, 0x80 | len(text)]) + mask + masked


def websocket():
    client = Client()
    received = b""
    for event in client.events():
        if isinstance(event, h2.events.RemoteSettingsChanged):
            assert h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL in event.changed_settings
            client.http.send_headers(1, [
                (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/chat"),
                (":authority", HOST), ("sec-websocket-version", "13")])
        elif isinstance(event, h2.events.ResponseReceived):
            assert dict(event.headers)[":status"] == "200", event.headers
            client.http.send_data(1, text_frame(b"over h2"))
        elif isinstance(event, h2.events.DataReceived):
            received += event.data
            if received == b"\x81\x07over h2":
                print("it came back")
                return
        elif isinstance(event, (h2.events.StreamReset, h2.events.StreamEnded)):
            raise SystemExit(f"the stream ended: {event}")


def drain():
    client = Client()
    client.http.send_headers(1, [
        (":method", "GET"), (":scheme", "https"), (":path", "/slow"), (":authority", HOST)], end_stream=True)
    client.flush()
    print("begun", flush=True)
    body, goodbyes = b"", []
    for event in client.events():
        if isinstance(event, h2.events.ConnectionTerminated):
            goodbyes.append(f"{event.error_code}:{event.last_stream_id}")
            # h2 ends with the first; the connection may go on for what has begun.
            client.http.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN
            print("goodbye", flush=True)
        elif isinstance(event, h2.events.DataReceived):
            body += event.data
        elif isinstance(event, h2.events.StreamReset):
            raise SystemExit("the stream was reset")
    print(f"goodbyes {len(goodbyes)}, body {body.decode()}", flush=True)


{"websocket": websocket, "drain": drain}[MODE]()
