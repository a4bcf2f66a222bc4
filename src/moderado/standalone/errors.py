"""What keeps the standalone server from starting, in words for the person at the keyboard."""


class CannotStart(Exception):
    """One clear sentence: what is in the way and what to do about it. Shown without a trace."""


class AlreadyRunning(CannotStart):
    """Another process holds the folder."""
