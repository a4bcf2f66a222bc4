"""Each permission opens what the table of the admin says to staff, and nothing else.

As `test_permissions` for the API. The views are called without middleware, and what they return is
not rendered: a page costs a few milliseconds.
"""

from functools import cache

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import RequestFactory
from django.urls import resolve, reverse

from moderado.accounts.models import User
from moderado.moderation.models import Case
from tests.admin_rows import make_rows
from tests.factories import make_staff, make_user
from tests.security.admin_table import DOORS, OF_ALL_STAFF, OF_SUPERUSERS

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S159")]

OPENED = {door: frozenset(names.split()) for names, doors in DOORS.items() for door in doors}
ROOT = User(is_active=True, is_staff=True, is_superuser=True)
SCOPE = "view_restricted_case"  # of all accounts here: the records are restricted
# Who may change these sees them: Django's rule for pages with a form.
INCLUDED_IN = {"view_queue": "change_queue", "view_group": "change_group"}
STANDARD = ("changelist", "add", "history", "delete", "change")


def asked_by(user, method="GET", path="/", **body):
    request = getattr(RequestFactory(), method.lower())(path, body)
    request.user, request.session = user, {}
    request._messages, request._dont_enforce_csrf_checks = FallbackStorage(request), True
    return request


def name_of(page):
    return f"{page.opts.app_label}_{page.opts.model_name}"


@cache
def pages():
    return {page.opts.label_lower: page for page in admin.site._registry.values()}


def doors_of(page, request, row):
    """Yield the doors that a page has for superusers."""
    yield "view"
    for form in ("add", "change", "delete"):
        arguments = () if form == "add" else (row,)
        if getattr(page, f"has_{form}_permission")(request, *arguments):
            yield form
    yield from page.get_actions(request)
    yield from (
        f"inline {each.opts.model_name}" for each in page.get_inline_instances(request, row)
    )
    yield from (f"act {act.name}" for act in getattr(page, "acts", ()))
    known = {None, f"{name_of(page)}_act", *(f"{name_of(page)}_{each}" for each in STANDARD)}
    yield from (each.name for each in page.get_urls() if each.name not in known)


def addresses(page, door, pk):
    """Return the requests that go through a door, as (method, path)."""
    prefix = f"admin:{name_of(page)}"
    if door == "view":
        views = (("changelist", []), ("change", [pk]), ("history", [pk]))
        return [("GET", reverse(f"{prefix}_{name}", args=args)) for name, args in views]
    if door in ("add", "delete"):
        return [("GET", reverse(f"{prefix}_{door}", args=[] if door == "add" else [pk]))]
    if door == "change":
        return [("POST", reverse(f"{prefix}_change", args=[pk]))]
    if door.startswith("act "):
        return [("POST", reverse(f"{prefix}_act", args=[pk, door.removeprefix("act ")]))]
    return [("POST", reverse(f"admin:{door}", args=[pk]))]


def is_open(user, door, rows):
    """Tell whether staff may go through a door. What they do there is rolled back."""
    label, _, door = door.partition(" ")
    page, row, request = pages()[label], rows[label], asked_by(user)
    if door in page.get_actions(asked_by(ROOT)):
        return page.has_view_or_change_permission(request) and door in page.get_actions(request)
    if door.startswith("inline "):
        inlines = page.get_inline_instances(request, row)
        shown = {f"inline {each.opts.model_name}" for each in inlines}
        return page.has_view_or_change_permission(request) and door in shown
    return all(is_answered(user, *address) for address in addresses(page, door, row.pk))


def is_answered(user, method, path):
    view, args, kwargs = resolve(path)
    with transaction.atomic():
        try:
            answer = view(asked_by(user, method, path), *args, **kwargs)
        except PermissionDenied:
            return False
        finally:
            transaction.set_rollback(True)
    assert answer.status_code in (200, 302), path
    return method == "POST" or answer.status_code == 200


@pytest.fixture
def rows():
    """Return a record of each page, by model: one that superusers may change if there is any."""
    make_rows()
    request, found = asked_by(ROOT), {}
    for label, page in pages().items():
        each = list(page.model._default_manager.all())
        mine = (row for row in each if page.has_change_permission(request, row))
        found[label] = next(mine, each[0])
    return found


class Staff:
    """One account, whose permissions are those of the question."""

    def __init__(self):
        self.user = make_staff(SCOPE)
        self.user.groups.set(Group.objects.filter(name="zona"))  # who see the queue of the cases
        held = Permission.objects.exclude(content_type__app_label="sessions")
        labels = held.values_list("codename", "content_type__app_label")
        self.labels = {codename: f"{app}.{codename}" for codename, app in labels}

    def only(self, *names):
        user = User.objects.get(pk=self.user.pk)
        user._perm_cache = {self.labels[name] for name in names}  # of ModelBackend
        return user

    def all_but(self, *names):
        return self.only(*self.labels.keys() - set(names))


def test_every_door_of_the_admin_has_a_row(rows):
    root = asked_by(make_user(is_staff=True, is_superuser=True))
    found = {
        f"{label} {door}"
        for label, page in pages().items()
        for door in doors_of(page, root, rows[label])
    }
    of_site = {each.name for each in admin.site.get_urls() if getattr(each, "name", None)}

    assert found == {*OPENED, *OF_SUPERUSERS}
    assert of_site == OF_ALL_STAFF


def test_permissions_of_a_row_open_it_and_none_can_be_spared(rows):
    staff, wrong = Staff(), set()
    for names, doors in DOORS.items():
        user = staff.only(SCOPE, *names.split())
        wrong |= {f"{door}: closed" for door in doors if not is_open(user, door, rows)}
    for name in set().union(*OPENED.values()):
        user = staff.all_but(name, INCLUDED_IN.get(name, name))
        needing = [door for door, names in OPENED.items() if name in names]
        wrong |= {f"{door}: open without {name}" for door in needing if is_open(user, door, rows)}
    wrong |= {door for door in OF_SUPERUSERS if is_open(staff.all_but(), door, rows)}

    assert wrong == set()


def names_of(page):
    return {field.name for field in page.opts.get_fields()}


def is_listed(user, row):
    page = pages()[row._meta.label_lower]
    return page.get_queryset(asked_by(user)).filter(pk=row.pk).exists()


def test_records_of_closed_queues_and_of_own_cases_are_left_out_on_every_page(rows):
    case, staff = rows["moderation.case"], Staff()
    of_cases = [label for label, page in pages().items() if "case" in names_of(page)]
    for label in of_cases:
        type(rows[label]).objects.filter(pk=rows[label].pk).update(case=case)
    user = staff.all_but()
    assert {label for label in of_cases if not is_listed(user, rows[label])} == set()

    Case.objects.filter(pk=case.pk).update(author=user)
    assert {label for label in of_cases if is_listed(user, rows[label])} == set()

    Case.objects.filter(pk=case.pk).update(author=None)
    user.groups.clear()
    assert {
        label for label in (*of_cases, "moderation.case") if is_listed(user, rows[label])
    } == set()


def test_own_appeals_are_left_out(rows):
    staff = Staff()
    appeal = rows["enforcement.appeal"]
    assert is_listed(staff.all_but(), appeal)

    type(appeal).objects.filter(pk=appeal.pk).update(appellant=staff.user)

    assert not is_listed(staff.all_but(), appeal)


@pytest.mark.proves("S160")
def test_lists_are_searched_and_filtered_by_what_the_viewer_may_read(rows):
    staff = Staff()
    request = asked_by(staff.all_but("view_user", "view_notifier"))
    read = {label: page for label, page in pages().items() if page.has_view_permission(request)}
    by_email = {
        label
        for label, page in read.items()
        if "email" in " ".join(page.get_search_fields(request))
    }
    notices, lookup = pages()["enforcement.notice"], ("email__startswith", "a")

    assert by_email == set()
    assert "accounts.user" not in read
    assert not notices.lookup_allowed(*lookup, request)
    assert notices.lookup_allowed("state__exact", "open", request)
    assert notices.lookup_allowed(*lookup, asked_by(staff.all_but()))
    assert not pages()["accounts.apikey"].lookup_allowed("digest__startswith", "a", request)
    everything = asked_by(staff.all_but())
    assert "user__email" in pages()["enforcement.sanction"].get_search_fields(everything)
