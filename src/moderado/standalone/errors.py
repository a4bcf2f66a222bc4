"""Errors that keep the standalone server from starting."""


class CannotStart(Exception):
    """The message names the cause and the remedy. The CLI prints it without a traceback."""


class AlreadyRunning(CannotStart):
    """Another process holds the lock of the folder."""
