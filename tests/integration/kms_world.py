"""Run moto's server, which speaks the KMS protocol, in a process of its own, behind a gate tests can shut."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from aiohttp import ClientSession, web
from botocore.config import Config

from sim.clock import DrivenClock
from vault.kms import Kms, KmsOptions

REGION = "eu-central-1"
ACCESS, SECRET = "AKIACANARYACCESSKEY1", "canary/secret+access+key/0123456789abcd"
_SERVER = """
import contextlib, sys
from moto.server import ThreadedMotoServer
with contextlib.redirect_stdout(sys.stderr):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def moto_server() -> Iterator[str]:
    """Give the address of a KMS that ends with the block, or with this process."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.stdout.close()
        process.kill()
        process.wait()


def owner(address: str):
    """Be the person who makes keys: a plain boto3 client."""
    return boto3.client(
        "kms",
        region_name=REGION,
        endpoint_url=address,
        aws_access_key_id=ACCESS,
        aws_secret_access_key=SECRET,
        config=Config(retries={"total_max_attempts": 1}),
    )


def make_key(address: str) -> str:
    client = owner(address)
    try:
        return client.create_key()["KeyMetadata"]["Arn"]
    finally:
        client.close()


def options(address: str, key: str, **more) -> KmsOptions:
    return KmsOptions(
        key_id=key, region=REGION, endpoint=address, access_key=ACCESS, secret_key=SECRET, **more
    )


class Gate:
    """Stand before a KMS: let requests through, answer in its place, or be gone."""

    def __init__(self, behind: str) -> None:
        self.behind = behind
        self.answer: str | None = None
        """An error code to answer with, or ``reset``, ``hang``, ``junk``, or None to let through."""
        self.status = 400
        self.rewrite = lambda body: body
        self.on_call = lambda operation: None
        self.calls: list[str] = []
        self.bodies: list[str] = []

    async def __aenter__(self) -> "Gate":
        application = web.Application()
        application.router.add_post("/", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen(0)
        self._session = ClientSession()
        return self

    async def __aexit__(self, *_) -> None:
        await self._session.close()
        await self._runner.cleanup()

    async def _listen(self, port: int) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", port)
        await self._site.start()
        self.port = self._site._server.sockets[0].getsockname()[1]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def die(self) -> None:
        """Close the port, and every connection there is."""
        await self._site.stop()
        for connection in list(self._runner.server.connections):
            connection.transport.abort()

    async def revive(self) -> None:
        await self._listen(self.port)

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.calls.append(request.headers["X-Amz-Target"].rpartition(".")[2])
        self.bodies.append(body.decode())
        self.on_call(self.calls[-1])
        if self.answer == "reset":
            request.transport.abort()
            return web.Response()
        if self.answer == "hang":
            await asyncio.sleep(30)
        if self.answer == "junk":
            return web.Response(text="<html>busy</html>", status=self.status)
        if self.answer is not None:
            return web.json_response({"__type": self.answer, "message": "planned"}, status=self.status)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in {"host", "content-length"}}
        async with self._session.post(self.behind, data=body, headers=headers) as answer:
            return web.Response(
                body=self.rewrite(await answer.read()), status=answer.status, headers={"Content-Type": "x"}
            )


def kms(address: str, key: str, clock=None, **more) -> Kms:
    return Kms(options(address, key, **more), clock or DrivenClock())
