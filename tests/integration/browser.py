"""Drive headless Chromium over its DevTools protocol, with nothing but aiohttp: keys, pictures, no mouse."""

import asyncio
import base64
import contextlib
import itertools
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from tests.support import eventually

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE, DESKTOP = (360, 740), (1280, 900)
_KEYS = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Space": (" ", 32, " "),
    "ArrowDown": ("ArrowDown", 40, ""),
}
_SHIFT = 8


class Tab:
    """Be one tab. What it loads, logs and refuses is kept."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self.requests: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self._reader = asyncio.create_task(self._read())

    async def call(self, method: str, **params: Any) -> Any:
        """Send one command and give its result."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(20):
            return await self._waiting[number]

    async def _read(self) -> None:
        async for message in self._socket:
            told = message.json()
            if "id" in told:
                waiting = self._waiting.pop(told["id"])
                if "error" in told:
                    waiting.set_exception(RuntimeError(str(told["error"])))
                else:
                    waiting.set_result(told.get("result"))
            elif told["method"] == "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"])
            elif told["method"] == "Log.entryAdded":
                self.complaints.append(told["params"]["entry"]["text"])

    async def close(self) -> None:
        self._reader.cancel()
        await self._socket.close()

    # Looking

    async def ask(self, expression: str) -> Any:
        """Ask the page something from outside: this works with its own scripts switched off."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    @property
    async def title(self) -> str:
        return await self.ask("document.querySelector('h1')?.textContent ?? ''")

    async def wait_title(self, words: str, timeout: float = 15) -> None:
        """Wait until a page with these words in its heading is there, wholly loaded."""

        async def there() -> bool:
            # While a page is replaced by the next there is nothing to ask.
            with contextlib.suppress(RuntimeError):
                new = await self.ask("document.readyState + (document.documentElement.dataset.left ?? '')")
                return new == "complete" and words in await self.title
            return False

        await eventually(there, timeout)

    async def picture(self, path: Path) -> Path:
        """Keep a picture of the whole page."""
        taken = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(taken["data"]))
        return path

    # Acting

    async def open(self, address: str) -> None:
        await self.call("Page.navigate", url=address)

    async def looks(self, size: tuple[int, int], *, dark: bool = False) -> None:
        """Be a screen of this size, light or dark."""
        phone = size == PHONE
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=size[0],
            height=size[1],
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press one key."""
        name, code, text = _KEYS[key]
        shared = {
            "key": name,
            "code": key,
            "windowsVirtualKeyCode": code,
            "modifiers": _SHIFT if shift else 0,
        }
        kind = "keyDown" if text else "rawKeyDown"
        await self.call("Input.dispatchKeyEvent", type=kind, **shared, **({"text": text} if text else {}))
        await self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    async def leave(self) -> None:
        """Press Enter on what leads to another page."""
        await self.ask("document.documentElement.dataset.left = ' and left'")
        await self.press("Enter")

    async def type(self, words: str) -> None:
        """Type into what has the focus."""
        await self.call("Input.insertText", text=words)

    async def tab_to(self, selector: str, most: int = 40) -> None:
        """Press Tab until this has the focus."""
        wanted = f"document.activeElement?.matches({selector!r}) ?? false"
        for _ in range(most):
            if await self.ask(wanted):
                return
            await self.press("Tab")
        raise AssertionError(f"Tab never reaches {selector}")


@contextlib.asynccontextmanager
async def chromium(folder: Path, *, scripts: bool = True) -> AsyncIterator[Tab]:
    """Start a browser with a profile of its own, and end it for sure."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--remote-debugging-port=0", f"--user-data-dir={folder / 'profile'}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = await _port(folder / "profile" / "DevToolsActivePort")
        async with aiohttp.ClientSession() as http:
            async with http.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [page for page in await answer.json() if page["type"] == "page"]
            socket = await http.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0)
            tab = Tab(socket)
            for domain in ("Page", "Network", "Log", "Runtime"):
                await tab.call(f"{domain}.enable")
            if not scripts:
                await tab.call("Emulation.setScriptExecutionDisabled", value=True)
            try:
                yield tab
            finally:
                with contextlib.suppress(Exception):
                    await tab.call("Browser.close")  # its helpers end with it, and let go of the profile
                await tab.close()
    finally:
        with contextlib.suppress(TimeoutError, ProcessLookupError):
            async with asyncio.timeout(5):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _port(file: Path) -> int:
    await eventually(lambda: file.exists() and file.read_text().strip(), 30)
    return int((await asyncio.to_thread(file.read_text)).split()[0])
