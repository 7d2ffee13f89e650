"""Discord on this machine: REST v10 and the gateway, with a driver that plays the people."""

from sim.discord.driver import DiscordSim

__all__ = ["DiscordSim"]
