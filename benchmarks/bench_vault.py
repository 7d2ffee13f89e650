"""Measure opening and sealing credentials, beside a bare AES-GCM decrypt of the same text in the same run.

Opened with a cached data key: what a session pays at most. Opened cold: what the first one after five minutes
pays, through AWS KMS's protocol on a local socket (moto's server, so AWS's own time is not in it). Rounds
alternate, so that a noisy machine disturbs all alike.

The bar of `tests/unit/vault`: a cached open under 1 ms at the 99th percentile.
Run: python benchmarks/bench_vault.py
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.clock import SystemClock
from tests.integration.kms_world import kms, make_key, moto_server
from vault.keys import KeyFile
from vault.vault import EnvelopeVault

ROUNDS = 10
FAST, SLOW = 1000, 20
WHOSE = {"user": "424242424242424242", "broker": "alpaca", "account": "0123456789abcdef"}
ONE = {"api_secret": "k" * 40}
BAR = 0.001

Step = Callable[[], Awaitable[object]]


def bare() -> Step:
    """Decrypt with a key object at hand: the least any vault can take."""
    key, nonce, bound = AESGCM(os.urandom(32)), os.urandom(12), b"b" * 60
    text = key.encrypt(nonce, ONE["api_secret"].encode(), bound)

    async def step() -> object:
        return key.decrypt(nonce, text, bound)

    return step


async def opening(vault: EnvelopeVault, *, cold: bool) -> Step:
    sealed = await vault.seal(**WHOSE, fields=ONE)
    await vault.open(**WHOSE, sealed=sealed)

    async def step() -> object:
        if cold:
            await vault.forget(**WHOSE)
        return await vault.open(**WHOSE, sealed=sealed)

    return step


def sealing(vault: EnvelopeVault) -> Step:
    async def step() -> object:
        return await vault.seal(**WHOSE, fields=ONE)

    return step


async def timed(step: Step, count: int) -> list[float]:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        await step()
        times.append(time.perf_counter() - began)
    return times


def show(name: str, times: list[float], base: float) -> float:
    ordered = sorted(times)
    median, late = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    print(
        f"{name:34} {median * 1e6:9.1f} {late * 1e6:9.1f} {ordered[-1] * 1e6:10.1f} {median / base:9.1f} x"
        f"  n={len(times)}"
    )
    return late


async def main() -> int:
    with tempfile.TemporaryDirectory() as directory, moto_server() as address:
        local = EnvelopeVault(KeyFile.create(Path(directory) / "key"), SystemClock())
        service = kms(address, make_key(address), SystemClock())
        remote = EnvelopeVault(service, SystemClock())
        steps: dict[str, tuple[Step, int]] = {
            "bare AES-GCM decrypt (baseline)": (bare(), FAST),
            "open, data key cached": (await opening(local, cold=False), FAST),
            "open, data key from key file": (await opening(local, cold=True), FAST),
            "seal, key file": (sealing(local), FAST),
            "open, data key from KMS": (await opening(remote, cold=True), SLOW),
            "seal, KMS": (sealing(remote), SLOW),
        }
        times: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(ROUNDS):
            for name, (step, count) in steps.items():
                times[name] += await timed(step, count)
        await service.close()
    print(f"{'one credential field, µs':34} {'p50':>9} {'p99':>9} {'max':>10} {'to bare':>11}")
    base = statistics.median(times["bare AES-GCM decrypt (baseline)"])
    late = {name: show(name, found, base) for name, found in times.items()}
    cached = late["open, data key cached"]
    verdict = "held" if cached < BAR else "MISSED"
    print(f"cached open p99 {cached * 1e6:.1f} µs, bar {BAR * 1e6:.0f} µs: {verdict}")
    return 0 if cached < BAR else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
