"""A composition under test: one project of Docker Compose, driven by its own command line."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

DOCKER = shutil.which("docker") or "docker"
PASSED_ON = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "REDIS_IMAGE")


def say(sentence: str) -> None:
    """One line of progress, at once."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {sentence}\n")
    sys.stdout.flush()


def free_port() -> int:
    """A port of the loopback that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Composition:
    """`variables` stand in .env, after what is there already; the shell's own are not passed on."""

    folder: Path
    file: str
    base_url: str
    variables: dict[str, str]
    project: str = field(default_factory=lambda: f"moderado-test-{secrets.token_hex(3)}")

    def __post_init__(self) -> None:
        env_file = self.folder / ".env"
        self._before = env_file.read_text() if env_file.exists() else ""
        self.set(MODERADO_IMAGE=f"{self.project}:latest")

    def set(self, **variables: str) -> None:
        """Change what .env says; the next `up` acts on it."""
        self.variables |= variables
        lines = [f"{name}={value}" for name, value in self.variables.items()]
        (self.folder / ".env").write_text("\n".join([self._before, *lines, ""]))

    def up(self, *services: str) -> None:
        """Build and start, and wait until every health check is content."""
        began = time.monotonic()
        only = ["--no-deps"] if services else []
        self.run("up", "--build", "--detach", "--wait", "--wait-timeout", "240", *only, *services)
        took = time.monotonic() - began
        say(f"{self.file}: {', '.join(services) or 'everything'} healthy after {took:.0f} s")

    def stop(self) -> None:
        """As an operator does, with each service's own grace."""
        began = time.monotonic()
        self.run("stop")
        say(f"{self.file}: stopped within {time.monotonic() - began:.0f} s")

    def run(self, *arguments: str, timeout: float = 900) -> str:
        """One command of Compose; its output. Raises with what it said if it fails."""
        return self._docker(
            "compose", "-p", self.project, "-f", self.file, *arguments, timeout=timeout
        )

    def inside(self, service: str, *command: str) -> str:
        """The output of a command in a running container. Raises if it fails."""
        return self.run("exec", "-T", service, *command, timeout=60).strip()

    def refuses(self, service: str, *command: str) -> bool:
        """Whether a command in a running container fails."""
        try:
            self.inside(service, *command)
        except RuntimeError:
            return True
        return False

    def logs(self, *services: str) -> str:
        """Everything they wrote so far."""
        return self.run("logs", "--no-color", "--no-log-prefix", *services)

    def image_megabytes(self) -> int:
        """The size of the image of this project, base image included."""
        size = self._docker(
            "image", "inspect", "-f", "{{.Size}}", self.variables["MODERADO_IMAGE"], timeout=30
        )
        return int(size) // 1_000_000

    def show_trouble(self) -> None:
        """What somebody who reads the failure wants to see first."""
        say("failed; the containers and their last lines:")
        for arguments in (("ps", "--all"), ("logs", "--no-color", "--tail", "40")):
            try:
                sys.stdout.write(self.run(*arguments) + "\n")
            except RuntimeError as error:
                sys.stdout.write(f"{error}\n")

    def take_away(self) -> None:
        """Containers, networks, volumes and the image: nothing of this project stays."""
        self.run("down", "--volumes", "--remove-orphans", "--timeout", "20")
        self._docker("image", "rm", "--force", self.variables["MODERADO_IMAGE"], timeout=60)

    def _docker(self, *arguments: str, timeout: float) -> str:
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        done = subprocess.run(
            [DOCKER, *arguments],
            cwd=self.folder,
            env=passed_on,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            said = (done.stdout + done.stderr)[-4000:]
            raise RuntimeError(f"docker {' '.join(arguments)} failed:\n{said}")
        return done.stdout
