"""moomoo through OpenD, its gateway on the member's own machine, and the moomoo-api SDK."""

from adapters.moomoo.adapter import ADAPTER

__all__ = ["ADAPTER"]
