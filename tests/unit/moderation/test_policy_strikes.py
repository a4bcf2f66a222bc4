"""What strikes count under a chain of policy documents."""

from datetime import timedelta

from moderado.moderation.policies.documents import read_json, to_json
from moderado.moderation.policies.strikes import strike_rules

STRIKES = {
    "window_days": 30,
    "weights": {"any": 2, "hate": 5},
    "thresholds": [{"points": 4, "sanction": "mute", "term_seconds": 60}],
    "machine": True,
}


def stored(name="own", **fields):
    return to_json(read_json({"name": name, **fields}))


def test_strikes_of_a_policy_replace_those_that_it_extends():
    below = stored("below", strikes=STRIKES)
    own = strike_rules([stored(strikes={"weights": {"spam": 7}}), below])
    inherited = strike_rules([stored(), below])

    assert (own.weight("spam"), own.weight("hate"), own.thresholds) == (7, 1, ())
    assert (own.window, own.is_machine) == (timedelta(days=90), False)
    assert (inherited.weight("hate"), inherited.weight("not a category")) == (5, 2)
    assert inherited.window == timedelta(days=30)
    (step,) = inherited.thresholds
    assert (step.points, step.sanction, step.term) == (4, "mute", timedelta(minutes=1))
    assert inherited.is_machine


def test_without_strikes_no_points_lead_to_anything():
    rules = strike_rules([stored(strikes={}), stored("below", strikes=STRIKES)])
    assert (rules.weight("hate"), rules.thresholds, rules.is_machine) == (1, (), False)
