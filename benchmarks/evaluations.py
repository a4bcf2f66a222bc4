"""Messages a second of replay and backtest: `python -m benchmarks.evaluations [MESSAGES]`.

Real screening judges the messages with the default policy, lists and classifier, in a new
PostgreSQL. Then both evaluations read them in one process. CPU and time without the start.
"""

import resource
import sys
import time

from benchmarks.harness.texts import text_of
from tests import engines

MESSAGES = 20_000
_WORDS = ["compre seguidores"]


def main() -> None:
    """Print one line for each evaluation."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES
    engines.start()
    import django  # noqa: PLC0415  (its settings are in the environment that the engines set)

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    version = _judged(number)
    for kind in ("replay", "backtest"):
        asked = {"policy": "default", "version": version} if kind == "backtest" else {}
        seconds, results = _measured(kind, asked)
        print(
            f"{kind:<9} {results['decisions']:>8,} messages: {number / seconds:8,.0f} a second, "
            f"largest resident memory {_peak():.0f} MiB"
        )


def _judged(number: int) -> int:
    """Let screening judge so many messages; return the number of another version."""
    from moderado.chat.services.screening import screen_waiting  # noqa: PLC0415
    from moderado.moderation.services import policies  # noqa: PLC0415
    from moderado.moderation.services.policy_documents import (  # noqa: PLC0415
        document_json,
        parse_document,
    )
    from tests.factories import fill_queue, make_member, make_room  # noqa: PLC0415

    room = make_room()
    for at in range(100):
        member = make_member(room)
        fill_queue(member.room, member.user, number // 100, text=f"{text_of(at)} #")
    while not screen_waiting():
        pass
    enabled = policies.get_policy("default").enabled
    assert enabled is not None, "the migration enables version 1"
    document = document_json(enabled.document)
    rule = {"id": "own", "words": _WORDS, "category": "spam", "outcome": "hold"}
    document["rules"] = [*document["rules"], rule]
    saved = policies.save_version(
        actor_id=None, name="default", document=parse_document(document=document)
    )
    return saved.version.number


def _measured(kind: str, asked: dict[str, object]) -> tuple[float, dict[str, int]]:
    """Return the seconds that an evaluation takes in slices, and its results."""
    from moderado.moderation.services import evaluation_runs, evaluations  # noqa: PLC0415

    request = evaluations.EvaluationRequest(kind=kind, **asked)  # type: ignore[arg-type]
    evaluation = evaluations.request_evaluation(actor_id=None, request=request)
    started = time.perf_counter()
    while evaluation_runs.run_slice(evaluation.id):
        pass
    seconds = time.perf_counter() - started
    return seconds, evaluations.get_evaluation(evaluation.id).results


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
