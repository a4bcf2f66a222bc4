"""Report how far shadows agree with the verdicts in force."""

import json
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandParser

from moderado.core import clock
from moderado.core.operators import OperatorCommand
from moderado.moderation.services.durations import duration
from moderado.moderation.services.shadow_report import as_json, shadow_reports


class Command(OperatorCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the one action and its filters."""
        actions = parser.add_subparsers(dest="action", required=True)
        report = actions.add_parser("report", help=__doc__)
        report.add_argument("--policy", help="of one policy (default: all)")
        report.add_argument("--since", type=duration, default="30d", help="such as 7d or 12h")
        report.add_argument("--json", action="store_true", help="write JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write a report for each shadow."""
        reports = shadow_reports(
            policy=options["policy"], since=clock.estimated() - options["since"]
        )
        found = [as_json(each) for each in reports]
        if options["json"]:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        elif found:
            self.stdout.write("\n\n".join("\n".join(_lines(each)) for each in found))
        else:
            self.stdout.write("no shadow has judged anything in this time")


def _lines(found: Mapping[str, Any]) -> list[str]:
    shadow = f"provider {found['provider']}" if found["provider"] else f"version {found['version']}"
    counts, rulings, latency = found["mcnemar"], found["rulings"], found["latency"]
    lines = [
        f"{found['policy']}: {shadow}",
        f"  texts       {found['pairs']}, and {sum(found['failures'].values())} without an opinion",
        (
            f"  kappa       {_number(found['kappa'])} (hidden or shown), "
            f"{_number(found['kappa_of_outcomes'])} (outcomes)"
        ),
        (
            f"  hidden by   the verdict alone {counts['only_deciding']}, "
            f"the shadow alone {counts['only_shadow']} (McNemar p = {counts['p_value']:.3g})"
        ),
        (
            f"  rulings     {rulings['pairs']}; "
            f"wrong: verdict {_share(rulings['deciding_errors'])}, "
            f"shadow {_share(rulings['shadow_errors'])}"
        ),
    ]
    if latency:
        lines.append(
            f"  time, cost  {latency['p50'] * 1000:.1f} ms (95 %: {latency['p95'] * 1000:.1f} ms), "
            f"{found['cost']['mean']:.6f} a text"
        )
    for name, each in found["categories"].items():
        lines.append(
            f"  {name:<14}both {each['both']}, verdict alone {each['only_deciding']}, "
            f"shadow alone {each['only_shadow']}"
        )
    missed = [each for each in found["gate"]["checks"] if not each["passed"]]
    lines.append("  may be promoted" if not missed else "  may not be promoted:")
    lines += [
        f"    {each['name']} {_number(each['value'])}, limit {each['limit']:g}" for each in missed
    ]
    return lines


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g}"


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"
