"""Speak to the local Discord without any client library: raw REST, raw gateway frames."""

import asyncio
import json
from typing import Any, Self

import aiohttp


class RawBot:
    """Be the smallest possible bot: it sends what the test says, right or wrong."""

    def __init__(self, sim: Any, token: str, *, compress: bool = False) -> None:
        self._sim = sim
        self._token = token
        self._http = aiohttp.ClientSession()
        self.ws: aiohttp.ClientWebSocketResponse | None = None
        self.ready: dict[str, Any] = {}
        self.sequence = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.ws is not None:
            await self.ws.close()
        await self._http.close()

    async def rest(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        """Send one request below the version; give status and JSON."""
        headers = {"Authorization": f"Bot {self._token}"} | options.pop("headers", {})
        url = f"{self._sim.url}/v10{path}"
        async with self._http.request(method, url, json=body, headers=headers, **options) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def callback(self, ix: Any, kind: int, data: Any = None) -> tuple[int, Any]:
        """Give an interaction its first answer."""
        record = ix.record
        body = {"type": kind} if data is None else {"type": kind, "data": data}
        return await self.rest(
            "POST", f"/interactions/{record.id}/{record.token}/callback?with_response=true", body
        )

    async def follow_up(self, ix: Any, body: Any) -> tuple[int, Any]:
        """Send a follow-up."""
        return await self.rest("POST", f"/webhooks/{ix.record.app.id}/{ix.record.token}?wait=true", body)

    async def edit_original(self, ix: Any, body: Any) -> tuple[int, Any]:
        """Edit the first answer."""
        return await self.rest(
            "PATCH", f"/webhooks/{ix.record.app.id}/{ix.record.token}/messages/@original", body
        )

    # --- gateway ------------------------------------------------------------------------------------

    async def open(self, url: str | None = None, query: str = "?v=10&encoding=json") -> dict[str, Any]:
        """Open a socket and give HELLO."""
        if url is None:
            _, about = await self.rest("GET", "/gateway/bot")
            url = about["url"]
        self.ws = await self._http.ws_connect(url + query)
        return await self.frame()

    async def send(self, op: int, data: Any) -> None:
        """Send one frame."""
        assert self.ws is not None
        await self.ws.send_str(json.dumps({"op": op, "d": data}))

    async def frame(self, timeout: float = 3.0) -> dict[str, Any]:
        """Give the next frame, or {"closed": code}."""
        assert self.ws is not None
        async with asyncio.timeout(timeout):
            message = await self.ws.receive()
        if message.type == aiohttp.WSMsgType.TEXT:
            frame = json.loads(message.data)
            self.sequence = frame.get("s") or self.sequence
            return frame
        return {"closed": self.ws.close_code, "op": None, "t": None}

    async def event(self, name: str, timeout: float = 3.0) -> dict[str, Any]:
        """Skip to the next event of this name and give its data."""
        while True:
            frame = await self.frame(timeout)
            assert "closed" not in frame, f"closed with {frame}"
            if frame["t"] == name:
                return frame["d"]

    async def identify(self, intents: int = (1 << 16) - 1, **extra: Any) -> dict[str, Any]:
        """Open, identify, and give READY, or the frame that came instead."""
        await self.open()
        properties = {"os": "linux", "browser": "raw", "device": "raw"}
        body = {"token": self._token, "intents": intents, "properties": properties}
        await self.send(2, body | extra)
        frame = await self.frame()
        self.ready = frame.get("d") or {}
        return frame

    async def resume(self, sequence: int | None = None, session: str | None = None) -> None:
        """Open at the resume address and ask to go on."""
        await self.open(self.ready["resume_gateway_url"])
        seq = self.sequence if sequence is None else sequence
        body = {"token": self._token, "session_id": session or self.ready["session_id"], "seq": seq}
        await self.send(6, body)
