"""Who speaks, and the clients that hear: people who talk at a rate, or in turns.

Clients may share the cores with what serves them, as the load generator of a benchmark does: one
process that takes up what comes, frame after frame.
"""

from collections.abc import Callable

from benchmarks.simulate.database import Message
from benchmarks.simulate.engine import Process
from benchmarks.simulate.machine import Cores, Loop, Program
from benchmarks.simulate.site import Site

ACKNOWLEDGED = 0.5  # of what a message costs its client: the confirmation; the rest, the verdict

Say = Callable[[Message], None]


class People:
    """`say` gives a message to the web process that its author is connected to."""

    def __init__(self, site: Site, *, say: Say) -> None:
        self.messages: list[Message] = []
        self._site = site
        self._say = say
        cores = site.cores if site.setup.crowd else Cores(site.engine, 1)
        self._clients = Loop(site.engine, Program(site.engine, cores))

    def begin(self) -> None:
        """Talk for as long as the setup says."""
        setup = self._site.setup
        for number in range(setup.in_flight):
            self._speak(number % setup.rooms, number // setup.rooms)
        if setup.rate:
            self._site.engine.start(self._talk())

    def confirmed(self, message: Message) -> None:
        """Its author's client is told that it is stored."""
        seconds = ACKNOWLEDGED * self._site.setup.crowd
        self._clients.post(seconds, lambda: self._note_stored(message))

    def settled(self, message: Message) -> None:
        """Its author's client is told what became of it: who takes turns says the next one."""
        seconds = (1 - ACKNOWLEDGED) * self._site.setup.crowd
        self._clients.post(seconds, lambda: self._note_settled(message))

    def _note_stored(self, message: Message) -> None:
        message.stored = self._site.engine.now

    def _note_settled(self, message: Message) -> None:
        message.settled = self._site.engine.now
        if self._site.setup.in_flight and self._site.engine.now < self._site.setup.seconds:
            self._speak(message.room, message.author)

    def _talk(self) -> Process:
        setup, engine = self._site.setup, self._site.engine
        while True:
            yield engine.dice.expovariate(setup.rate)
            if engine.now >= setup.seconds:
                return
            is_hot = engine.dice.random() < setup.hot
            room = 0 if is_hot else engine.dice.randrange(setup.rooms)
            self._speak(room, engine.dice.randrange(setup.sockets))

    def _speak(self, room: int, socket: int) -> None:
        """Sockets are spread evenly over the web processes, those of each room as well."""
        setup = self._site.setup
        message = Message(room, (socket - room) % setup.web, socket, self._site.engine.now)
        self.messages.append(message)
        self._say(message)
