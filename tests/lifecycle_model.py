"""A message as the pure lifecycle sees it, with the history that services keep in PostgreSQL."""

from moderado.chat import lifecycle
from moderado.chat.states import NEW, History, Input, Kept, Phase, Ruling, Transition, Verdict
from moderado.moderation.types import Outcome


class ModelMessage:
    """Applies inputs and remembers what the invariants are about."""

    def __init__(self) -> None:
        self.state = NEW
        self.kept: list[Kept] = []
        self.judged: set[int] = set()
        # By their last decision. A ruling stands over a verdict, and a superseded BLOCK counts.
        self.blocked: set[int] = set()

    @property
    def history(self) -> History:
        return History(kept=tuple(self.kept), judged=frozenset(self.judged))

    @property
    def revisions(self) -> dict[int, Phase]:
        """Every revision and its phase, wherever it is."""
        places = [(each.revision, each.phase) for each in self.kept]
        if self.state.phase is not Phase.ABSENT:
            places.append((self.state.revision, self.state.phase))
        if self.state.edit:
            places.append((self.state.edit_revision, self.state.edit))
        assert len(dict(places)) == len(places), f"a revision is in two places: {places}"
        return dict(places)

    def apply(self, happened: Input) -> Transition:
        if isinstance(happened, Ruling) and happened.revision in self.revisions:
            self.judged.add(happened.revision)
            if happened.outcome is Outcome.BLOCK:
                self.blocked.add(happened.revision)
        step = lifecycle.transition(self.state, happened, self.history)
        if step.is_applied and isinstance(happened, Verdict):
            self.judged.add(happened.revision)
            if happened.outcome is Outcome.BLOCK:
                self.blocked.add(happened.revision)
        if step.is_applied and isinstance(happened, Ruling) and happened.outcome is Outcome.ALLOW:
            self.blocked.discard(happened.revision)
        self.kept = [
            Kept(each.revision, Phase.REJECTED) if each.revision == step.rejects else each
            for each in (*self.kept, *step.keeps)
            if each.revision != step.restores
        ]
        self.state = step.state
        return step
