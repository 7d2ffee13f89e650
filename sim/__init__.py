"""The pretend world: a market, brokers and Discord on local sockets."""
