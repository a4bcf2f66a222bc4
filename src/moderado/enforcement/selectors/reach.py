"""What moderators of a room may not take back: what the moderators of the server decided there."""

from django.db.models import Exists, OuterRef, Q

from moderado.enforcement.models import Ruling, Sanction


def is_of_the_server(*, ruling: str, case: str) -> Q:
    """Return the condition that a ruling is for the moderators of the server alone.

    It has a sanction on the whole server, which moderators of a room do not lift either, or is on a
    case that was handed over.

    Args:
        ruling: The column with the ruling.
        case: The path to its case.
    """
    on_server = Sanction.objects.filter(ruling=OuterRef(ruling), scope_id=None, lifted_at=None)
    return Q(Exists(on_server)) | Q(**{f"{case}__escalated_at__isnull": False})


def follows_from_the_server() -> Q:
    """Return the condition of appeals of what strikes of such rulings led to."""
    theirs = is_of_the_server(ruling="cause__ruling", case="cause__ruling__case")
    return Q(Exists(Sanction.objects.filter(theirs, pk=OuterRef("decision_id"))))


def binds_on_the_server(ruling: Ruling) -> bool:
    """Tell whether a ruling has a sanction on the whole server that was not lifted."""
    return Sanction.objects.filter(ruling=ruling, scope_id=None, lifted_at=None).exists()
