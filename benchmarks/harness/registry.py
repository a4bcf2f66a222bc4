"""All stacks and workloads, by name."""

from benchmarks.stacks.base import Stack
from benchmarks.stacks.broadcast import Broadcast
from benchmarks.stacks.moderado import Moderado
from benchmarks.stacks.socketio import SocketIO
from benchmarks.stacks.tutorial import Tutorial
from benchmarks.workloads.backlog import Backlog
from benchmarks.workloads.base import Workload
from benchmarks.workloads.depth import Depth
from benchmarks.workloads.fanout import FanOut, LargeRoom
from benchmarks.workloads.idle import Idle
from benchmarks.workloads.mixed import Mixed
from benchmarks.workloads.remote import LocalRules, Remote
from benchmarks.workloads.talking import Latency, OneRoom, TwentyRooms

STACKS: dict[str, type[Stack]] = {
    stack.name: stack for stack in (Moderado, Tutorial, Broadcast, SocketIO)
}
WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        Latency(),
        TwentyRooms(),
        OneRoom(),
        Idle(),  # first of its group: used memory is not returned
        FanOut(),
        LargeRoom(),
        Mixed(),
        Depth(),
        Backlog(),
        LocalRules(),
        Remote(),
    )
}
