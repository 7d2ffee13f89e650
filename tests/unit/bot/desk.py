"""Play Discord's direct messages, for the notifier's tests."""

from bot.desk import DmClosed, MessageGone, NotNow, Place


class FakeDesk:
    """Keep what each member sees: place → texts shown there, in order."""

    def __init__(self) -> None:
        self.messages: dict[Place, list[str]] = {}
        self.nonces: dict[str, Place] = {}
        self.closed: set[str] = set()
        self.down = 0
        self.tries = 0

    async def send(self, user, view, nonce):
        self._fail()
        if user in self.closed:
            raise DmClosed
        if nonce in self.nonces:  # as Discord does within some minutes
            return self.nonces[nonce]
        place = Place(channel=f"dm-{user}", message=f"m{len(self.messages) + 1}")
        self.nonces[nonce] = place
        self.messages[place] = [view]
        return place

    async def edit(self, place, view):
        self._fail()
        if place not in self.messages:
            raise MessageGone
        self.messages[place].append(view)

    def delete_all(self):
        self.messages.clear()
        self.nonces.clear()

    def _fail(self):
        self.tries += 1
        if self.down:
            self.down -= 1
            raise NotNow
