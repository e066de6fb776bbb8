"""Talks with a websocket echo server through a gateway with TLS: texts, bytes, a large message, a ping, a goodbye.

    websocket_client.py PORT HOST AUTHORITY
"""

import asyncio
import ssl
import sys

import websockets

PORT, HOST, AUTHORITY = int(sys.argv[1]), sys.argv[2], sys.argv[3]


async def main():
    context = ssl.create_default_context(cafile=AUTHORITY)
    uri = f"wss://{HOST}:{PORT}/chat"
    async with websockets.connect(uri, host="127.0.0.1", ssl=context, server_hostname=HOST,
                                  max_size=None) as connection:
        for message in ["hello", b"\0\1\2", "x" * 1_000_000, ""]:
            await connection.send(message)
            answer = await connection.recv()
            assert answer == message, f"{len(message)} came back as {len(answer)}"
        await asyncio.wait_for(await connection.ping(), 5)
    assert connection.close_code == 1000, connection.close_code
    print("all came back")


asyncio.run(main())
