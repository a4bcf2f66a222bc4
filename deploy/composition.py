"""A Docker Compose project under test, controlled through the command line."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

DOCKER = shutil.which("docker") or "docker"
# The command of the specification; the plug-in where only that is installed.
COMPOSE = (
    [shutil.which("docker-compose")] if shutil.which("docker-compose") else [DOCKER, "compose"]
)
PASSED_ON = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "REDIS_IMAGE")


def say(sentence: str) -> None:
    """Print one line of progress without buffering."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {sentence}\n")
    sys.stdout.flush()


def free_port() -> int:
    """Return a port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Return whether a server can listen on a port of the loopback interface."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@dataclass
class Composition:
    """A project. `variables` are appended to .env; those of the shell are not passed on.

    `environment` is passed on: it keeps the project apart from others on this machine.
    """

    folder: Path
    file: str
    base_url: str
    variables: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    project: str = field(default_factory=lambda: f"moderado-test-{secrets.token_hex(3)}")

    def __post_init__(self) -> None:
        env_file = self.folder / ".env"
        self._before = env_file.read_text() if env_file.exists() else ""
        self.image = f"{self.project}:latest"
        self.environment |= {"MODERADO_IMAGE": self.image, "COMPOSE_PROJECT_NAME": self.project}
        self.set()

    def set(self, **variables: str) -> None:
        """Change variables in .env; the next `up` applies them."""
        self.variables |= variables
        lines = [f"{name}={value}\n" for name, value in self.variables.items()]
        (self.folder / ".env").write_text(self._before + "".join(lines))

    def up(self, *services: str) -> None:
        """Build, start and wait until every health check passes."""
        began = time.monotonic()
        only = ["--no-deps"] if services else []
        self.run("up", "--build", "--detach", "--wait", "--wait-timeout", "240", *only, *services)
        took = time.monotonic() - began
        say(f"{self.file}: {', '.join(services) or 'everything'} healthy after {took:.0f} s")

    def stop(self) -> None:
        """Stop all services, each with its grace period."""
        began = time.monotonic()
        self.run("stop")
        say(f"{self.file}: stopped within {time.monotonic() - began:.0f} s")

    def run(self, *arguments: str, timeout: float = 900) -> str:
        """Run a Compose command and return its output. Raises RuntimeError with it on failure."""
        return self._call([*COMPOSE, "-f", self.file, *arguments], timeout=timeout)

    def inside(self, service: str, *command: str) -> str:
        """Run a command in a container and return its output. Raises RuntimeError on failure."""
        return self.run("exec", "-T", service, *command, timeout=60).strip()

    def refuses(self, service: str, *command: str) -> bool:
        """Return whether a command in a container fails."""
        try:
            self.inside(service, *command)
        except RuntimeError:
            return True
        return False

    def logs(self, *services: str) -> str:
        """Return the logs of the services; of all if none is named."""
        return self.run("logs", "--no-color", "--no-log-prefix", *services)

    def image_megabytes(self) -> int:
        """Return the size of the project's image, base image included."""
        size = self._docker("image", "inspect", "-f", "{{.Size}}", self.image, timeout=30)
        return int(size) // 1_000_000

    def print_state(self) -> None:
        """Print the containers and their last log lines."""
        say("failed; the containers and their last lines:")
        for arguments in (("ps", "--all"), ("logs", "--no-color", "--tail", "40")):
            try:
                sys.stdout.write(self.run(*arguments) + "\n")
            except RuntimeError as error:
                sys.stdout.write(f"{error}\n")

    def remove(self) -> None:
        """Remove containers, networks, volumes and the image."""
        self.run("down", "--volumes", "--remove-orphans", "--timeout", "20")
        self._docker("image", "rm", "--force", self.image, timeout=60)

    def _docker(self, *arguments: str, timeout: float) -> str:
        return self._call([DOCKER, *arguments], timeout=timeout)

    def _call(self, command: Sequence[str], *, timeout: float) -> str:
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=passed_on | self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            output = (done.stdout + done.stderr)[-4000:]
            raise RuntimeError(f"{' '.join(command)} failed:\n{output}")
        return done.stdout
