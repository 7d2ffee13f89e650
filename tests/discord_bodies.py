"""Write request bodies for the local Discord, legal until a test changes them."""


def text(content):
    return {"type": 10, "content": content}


def row(*children):
    return {"type": 1, "components": list(children)}


def button(custom_id="b", **more):
    return {"type": 2, "style": 1, "label": "Go", "custom_id": custom_id} | more


def select(count=1, **more):
    options = [{"label": f"o{n}", "value": str(n)} for n in range(count)]
    return {"type": 3, "custom_id": "s", "options": options} | more


def label(component, **more):
    return {"type": 18, "label": "A", "component": component} | more


def typed(custom_id="t", **more):
    return {"type": 4, "custom_id": custom_id, "style": 1} | more


def embed(**fields):
    return {"embeds": [fields]}


def v2(*components, **more):
    return {"flags": 1 << 15, "components": list(components)} | more


def option(**more):
    return {"type": 3, "name": "symbol", "description": "what"} | more


def command(**more):
    return {"name": "buy", "description": "Buy", "type": 1} | more


def the_problem_at(errors, path):
    """Give what is noted at a place in Discord's tree of problems."""
    node = errors
    for step in path.split("."):
        assert step in node, f"nothing at {path} in {errors}"
        node = node[step]
    return node["_errors"]


def a_member(sim):
    guild = sim.add_guild("g")
    user = sim.add_user("ana")
    sim.join(guild, user)
    return guild, user, sim.add_channel(guild, "c")


async def an_interaction(sim, raw):
    _, user, channel = a_member(sim)
    app = (await raw.rest("GET", "/applications/@me"))[1]["id"]
    await raw.rest("POST", f"/applications/{app}/commands", command())
    await raw.identify()
    return await sim.slash(user, channel, "buy")
