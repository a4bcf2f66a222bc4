"""Lines of several threads never mix."""

from moderado.standalone.console_output import ConsoleOutput


class Recorder:
    """A stream that records each call of `write`."""

    def __init__(self) -> None:
        self.writes: list[str] = []

    def write(self, text: str) -> None:
        self.writes.append(text)

    def flush(self) -> None:
        pass


def test_line_and_its_end_are_one_write():
    stream = Recorder()
    output = ConsoleOutput(stream, as_json=True)

    output.write_event("standalone_ready", url="http://127.0.0.1:1")
    output.write_process_line("web", '{"event": "a line of a process"}\n')

    assert len(stream.writes) == 2
    assert all(text.startswith("{") and text.endswith("}\n") for text in stream.writes)
