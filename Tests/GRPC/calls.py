"""Real gRPC calls through a running gateway: `calls.py PORTICO` with the path of the program `portico`.

Starts a gRPC server and the gateway in front of it, makes calls of every kind, and ends with status 0 where all went
as gRPC demands."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent import futures

import grpc
from grpc_tools import protoc

HERE = os.path.dirname(os.path.abspath(__file__))
HOST = "calls.example"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def generate(folder):
    assert protoc.main(["", f"-I{HERE}", f"--python_out={folder}", f"--grpc_python_out={folder}", "shop.proto"]) == 0
    sys.path.insert(0, folder)


def manifests(endpoint):
    return f"""
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: nginx}}
spec: {{controller: k8s.io/ingress-nginx}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: calls
  annotations:
    nginx.ingress.kubernetes.io/backend-protocol: GRPC
    nginx.ingress.kubernetes.io/proxy-body-size: "0"
spec:
  ingressClassName: nginx
  rules:
    - host: {HOST}
      http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: calls, port: {{number: 50051}}}}}}}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: calls}}
spec: {{ports: [{{port: 50051, targetPort: {endpoint}}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: calls-1, labels: {{kubernetes.io/service-name: calls}}}}
addressType: IPv4
ports: [{{name: "", port: {endpoint}}}]
endpoints: [{{addresses: ["127.0.0.1"]}}]
"""


def serve(port):
    import shop_pb2
    import shop_pb2_grpc

    class Cart(shop_pb2_grpc.CartServicer):
        def Add(self, item, context):
            if item.name == "refuse":
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today: ü")
            if item.name == "sleep":
                time.sleep(1)
            context.set_trailing_metadata((("x-trailer", "behind"),))
            return item

        def List(self, item, context):
            for index in range(50):
                yield shop_pb2.Item(name=f"{item.name}{index}")

        def Fill(self, items, context):
            total = sum(len(item.content) for item in items)
            return shop_pb2.Item(name=str(total))

        def Talk(self, items, context):
            for item in items:
                yield shop_pb2.Item(name=item.name + "!")

    options = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=options)
    shop_pb2_grpc.add_CartServicer_to_server(Cart(), server)
    assert server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call should have failed")


def check(stub, shop_pb2):
    item = shop_pb2.Item(name="tea", content=b"x" * 100)
    answer, call = stub.Add.with_call(item, timeout=5)
    assert answer == item
    assert ("x-trailer", "behind") in call.trailing_metadata(), call.trailing_metadata()
    print("unary")
    assert [one.name for one in stub.List(item, timeout=5)] == [f"tea{index}" for index in range(50)]
    print("streamed answer")
    pieces = (shop_pb2.Item(content=b"y" * 10_000) for _ in range(100))
    assert stub.Fill(pieces, timeout=10).name == "1000000"
    print("streamed request")
    ready = threading.Semaphore(1)

    def turns():
        for index in range(10):
            assert ready.acquire(timeout=5)
            yield shop_pb2.Item(name=str(index))

    for index, answer in enumerate(stub.Talk(turns(), timeout=10)):
        assert answer.name == f"{index}!"
        ready.release()
    print("both ways, in turns")
    error = failure(lambda: stub.Add(shop_pb2.Item(name="refuse"), timeout=5))
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION and error.details() == "not today: ü", error
    print("an error of the server")
    error = failure(lambda: stub.Add(shop_pb2.Item(name="sleep"), timeout=0.2))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
    print("a deadline")
    large = shop_pb2.Item(content=os.urandom(16 << 20))
    assert stub.Add(large, timeout=30) == large
    print("a message of 16 MiB both ways")
    with futures.ThreadPoolExecutor(32) as pool:
        assert all(pool.map(lambda _: stub.Add(item, timeout=20) == item, range(500)))
    print("500 calls at once")


def main():
    with tempfile.TemporaryDirectory() as folder:
        generate(folder)
        import shop_pb2
        import shop_pb2_grpc

        endpoint, port, metrics = free_port(), free_port(), free_port()
        os.mkdir(os.path.join(folder, "manifests"))
        with open(os.path.join(folder, "manifests", "all.yaml"), "w") as file:
            file.write(manifests(endpoint))
        server = serve(endpoint)
        gateway = subprocess.Popen(
            [sys.argv[1], "run", os.path.join(folder, "manifests"), "--http", f"127.0.0.1:{port}", "--metrics",
             f"127.0.0.1:{metrics}", "--data-dir", os.path.join(folder, "data"), "--workers", "1"],
            stdout=subprocess.DEVNULL)
        try:
            options = [
                ("grpc.max_receive_message_length", 64 << 20), ("grpc.max_send_message_length", 64 << 20),
                ("grpc.default_authority", HOST),
            ]
            with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
                grpc.channel_ready_future(channel).result(timeout=20)
                check(shop_pb2_grpc.CartStub(channel), shop_pb2)
                server.stop(None).wait()
                error = failure(lambda: shop_pb2_grpc.CartStub(channel).Add(shop_pb2.Item(), timeout=5))
                assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                print("an endpoint that is gone")
        finally:
            gateway.terminate()
            gateway.wait(timeout=20)


main()
