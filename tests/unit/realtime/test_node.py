"""One node an event loop."""

import pytest

from moderado.realtime import node


@pytest.fixture
async def started():
    here = node.start()
    yield here
    await here.close()


async def test_event_loop_has_one_node(started: node.Node):
    assert node.current() is started
    assert node.current() is started
    with pytest.raises(RuntimeError):
        node.start()


async def test_node_is_started_on_first_use():
    here = node.current()
    assert node.current() is here

    await here.close()
    again = node.current()

    assert again is not here
    await again.close()
