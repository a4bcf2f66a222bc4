"""What the page of an account in the admin shows of measures, and the measures it offers."""

from collections.abc import Iterator, Sequence

from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from moderado.accounts import rights
from moderado.accounts.admin_standing import Shown, describe_accounts_by
from moderado.accounts.models import User
from moderado.enforcement.models import Sanction
from moderado.enforcement.selectors.restricted import without_restricted_sanctions
from moderado.enforcement.selectors.strikes import points_on_card
from moderado.enforcement.services.restricted_looks import audit_views, cases_of

_SHOWN = 20  # measures


def account_standing(account: User, viewer: User) -> Sequence[Shown]:
    """Return the measures in force, the points of strikes, and what the viewer may do.

    A view of a measure of a restricted case leaves an audit line.
    """
    facts = _facts(account, viewer) if viewer.has_perm(rights.VIEW_SANCTION) else ()
    return [*facts, *_acts(account, viewer)]


def _facts(account: User, viewer: User) -> Iterator[Shown]:
    trusted = viewer.has_perm(rights.VIEW_RESTRICTED_CASE)
    points = points_on_card(user_id=account.pk, scope_ids=None, sees_restricted=trusted)
    yield Shown(
        label=_("Points of strikes that count now, the most in one place"), text=str(points)
    )
    lasting = Q(ends_at=None) | Q(ends_at__gt=Now())
    found = Sanction.objects.filter(lasting, user=account, lifted_at=None)
    if not trusted:
        found = without_restricted_sanctions(found)
    rows = list(found.select_related("ruling__case").order_by("-starts_at", "-id")[:_SHOWN])
    audit_views(actor_id=viewer.pk, cases=cases_of(rows))
    for row in rows:
        yield Shown(
            label=_("In force"),
            text=_in_words(row),
            url=reverse("admin:enforcement_sanction_change", args=[row.pk]),
        )
    all_of_them = reverse("admin:enforcement_sanction_changelist")
    yield Shown(label=_("Measures so far"), text=_("show all"), url=f"{all_of_them}?q={account.pk}")


def _acts(account: User, viewer: User) -> Iterator[Shown]:
    if account.pk == viewer.pk:
        return
    offered = (
        (rights.ADD_SANCTION, _("Impose a measure"), "admin:enforcement_sanction_add"),
        (rights.PURGE_MESSAGES, _("Remove the latest messages"), "admin:enforcement_purge_add"),
    )
    for permission, words, page in offered:
        if viewer.has_perm(permission):
            url = f"{reverse(page)}?user_id={account.pk}"
            yield Shown(text=words, url=url, is_act=True)


def _in_words(sanction: Sanction) -> str:
    """Return what it is, where and until when."""
    where = gettext("on the whole server") if sanction.scope_id is None else gettext("in a room")
    words = f"{sanction.get_kind_display()} {where}"
    if sanction.ends_at is None:
        return words
    end = date_format(localtime(sanction.ends_at), "SHORT_DATETIME_FORMAT")
    return gettext("%(measure)s, until %(end)s") % {"measure": words, "end": end}


describe_accounts_by(account_standing)
