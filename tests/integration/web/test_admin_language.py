"""Every page of the admin speaks the language of its reader."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import transaction
from django.template.base import NodeList
from django.template.loader import get_template
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise

from moderado.accounts.admin_permissions import permission_label
from moderado.accounts.types import CONFIRMED_KEY
from moderado.chat.models import Room
from moderado.core.ids import new_id
from moderado.moderation.admin_policy_forms import NEW_DOCUMENT
from moderado.moderation.models import (
    Case,
)
from tests.admin_rows import make_rows
from tests.factories import (
    make_staff,
    make_user,
)

# Committed rows: one long transaction would delay tests in other databases.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.proves("S62")]

READ = {"title", "aria-label", "placeholder", "alt", "label", "data-label", "x-tooltip"}
UNSEEN = {"script", "style", "template"}
# What is the same on each page, like the list of models.
FRAME = [f"unfold/helpers/{name}.html" for name in ("navigation", "modal", "command")]
VOID = {"input", "br", "img", "link", "meta", "hr", "col", "source"}
# What is the same in both languages: names, and words that are spelled alike.
ALIKE = {
    *("Chat Moderado", "Chat", "chat", "E-mail", "e-mail"),
    *("português", "English"),  # each language in its own words
    *("esc", "hash", "salt", ": md5", "null"),  # a key, and words of the trade
    *("blocklist", "classifier"),  # providers
    "spam",  # a category
    # Documents, whose words are those of policies.
    (
        "name: zz extends: null strikes: window_days: 30 weights: hate: 3 thresholds: - points: 3"
        " sanction: mute term_seconds: 86400"
    ),
    " ".join(NEW_DOCUMENT.split()),
    # Groups of a new server: their names are data, which operators change.
    *("operator", "moderator", "senior moderator", "Operator", "Moderator", "Senior moderator"),
}


class Texts(HTMLParser):
    """Collects what a person reads or hears: text, labels, hints, options and buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: list[str] = []
        self.found: set[str] = set()

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        self._add(*(text for name, text in values.items() if name in READ))
        if tag == "input" and values.get("type") in {"submit", "button", "reset"}:
            self._add(values.get("value", ""))
        is_icon = "material-symbols" in values.get("class", "")
        if tag not in VOID and (self.hidden or is_icon or tag in UNSEEN):
            self.hidden.append(tag)

    def handle_endtag(self, tag):
        if self.hidden and self.hidden[-1] == tag:
            self.hidden.pop()

    def handle_data(self, data):
        if not self.hidden:
            self._add(data)

    def _add(self, *texts):
        self.found |= {" ".join(text.split()) for text in texts if text.strip()}


def texts_of(page: str) -> set[str]:
    reader = Texts()
    reader.feed(page)
    return reader.found


@pytest.fixture
def operator(client):
    user = make_user(name="Operator", email="operator@zz.example", is_staff=True, is_superuser=True)
    client.force_login(user)
    return user


def lists_of_pages() -> Iterator[str]:
    yield reverse("admin:index")
    yield reverse("admin:password_change")
    yield "/admin/nothing/"
    for app in sorted({model._meta.app_label for model in admin.site._registry}):
        yield reverse("admin:app_list", args=[app])


def pages(of_each_row: bool) -> Iterator[str]:
    """Yield the pages of each model and of its first row, or those of its other rows."""
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        rows = list(model._default_manager.all())
        for row in rows[1:] if of_each_row else rows[:1]:
            yield reverse(f"{name}_change", args=[row.pk])
        if not of_each_row:
            listed = reverse(f"{name}_changelist")
            yield from (listed, f"{listed}?q=nothing-like-it", reverse(f"{name}_add"))
            yield reverse(f"{name}_history", args=[rows[0].pk])
            yield reverse(f"{name}_delete", args=[rows[0].pk])


NEUTRAL = re.compile(  # what the test has written, ids, addresses and masked passwords
    r"[0-9a-f]{8}-[0-9a-f-]{27}|\S+@\S+\.(?:example|org)|\bperson \d+|\bz(?:z+|eca|ona)\b"
    r"|[\w*]*\*{4,}"
    r"|\b[a-z]+(?:_[a-z]+)+\b|\"\w+\":?",  # codes of audit lines, and names of their details
    re.IGNORECASE,
)


def same(client, send) -> set[str]:
    """Return what `send(language)` shows in both languages, without what is alike in them."""
    portuguese, english = (
        texts_of(send({"accept-language": language}).content.decode())
        for language in ("pt-br", "en")
    )
    words = {text: NEUTRAL.sub("", text) for text in (portuguese & english) - ALIKE}
    return {text for text, rest in words.items() if re.search(r"[^\W\d_]{2}", rest)}


@pytest.mark.parametrize("of_each_row", [False, pytest.param(True, marks=pytest.mark.long)])
def test_pages_have_no_text_of_another_language(client, operator, monkeypatch, of_each_row):
    make_rows()
    found: dict[str, str] = {}

    def read(urls):
        for url in urls:
            for text in same(client, lambda headers, url=url: client.get(url, headers=headers)):
                found.setdefault(text, url)

    read(lists_of_pages())
    monkeypatch.setattr(admin.site, "get_app_list", lambda *_: [])
    for name in FRAME:
        monkeypatch.setattr(get_template(name).template, "nodelist", NodeList())
    read(pages(of_each_row))

    assert not found


def actions() -> Iterator[tuple[str, dict[str, object]]]:
    """Yield every bulk action with all rows and with none, forms that are refused, decisions."""
    for model, site in admin.site._registry.items():
        listed = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        rows = [str(pk) for pk in model._default_manager.values_list("pk", flat=True)]
        for action in [*(site.actions or ()), "delete_selected", ""]:
            yield listed, {"action": action, "_selected_action": rows}
        yield listed, {"action": "", "index": "0"}
    case = Case.objects.get(state="open")
    for body in ({"outcome": "ALLOW"}, {"outcome": "zz"}, {"outcome": "BLOCK", "reason": "zz"}):
        yield reverse("admin:moderation_case_decide", args=[case.pk]), body
    yield reverse("admin:moderation_case_claim", args=[case.pk]), {}
    room = Room.objects.filter(deleted_at=None).first()
    yield reverse("admin:chat_room_change", args=[room.pk]), {"name": ""}
    yield reverse("admin:auth_group_add"), {"name": ""}
    yield reverse("admin:auth_group_add"), {"name": "zz"}
    for body in (
        {},
        {"email": "zeca@zz.example", "name": "zz", "password1": "a", "password2": "b"},
    ):
        yield reverse("admin:accounts_user_add"), body
    yield reverse("admin:password_change"), {"old_password": "a", "new_password1": "1"}


@pytest.mark.long
def test_actions_and_refusals_have_no_text_of_another_language(client, operator):
    make_rows()
    found: dict[str, str] = {}

    for url, body in actions():

        def send(headers, url=url, body=body):
            with transaction.atomic():
                client.force_login(operator)  # an action may have ended every session
                answer = client.post(url, body, follow=True, headers=headers)
                transaction.set_rollback(True)
            assert answer.redirect_chain != [(f"{reverse('admin:login')}?next={url}", 302)]
            return answer

        for text in same(client, send):
            found.setdefault(text, f"{url} {body.get('action', body)}")

    assert not found


def test_sign_in_and_second_password_have_no_text_of_another_language(client, operator):
    found = set()
    client.force_login(operator)
    session = client.session
    session.pop(CONFIRMED_KEY, None)
    session.save()
    add = reverse("admin:accounts_user_add")
    found |= same(client, lambda headers: client.get(add, headers=headers))
    wrong = {"confirm_password": "zz", "confirm_method": "GET"}
    found |= same(client, lambda headers: client.post(add, wrong, headers=headers))
    found |= same(client, lambda headers: out(client, operator, headers))
    client.logout()
    page = reverse("admin:login")
    found |= same(client, lambda headers: client.get(page, headers=headers))
    for body in ({}, {"username": "zeca@zz.example", "password": "zz"}):
        found |= same(client, lambda headers, body=body: client.post(page, body, headers=headers))

    assert not found


def out(client, operator, headers):
    client.force_login(operator)
    return client.post(reverse("admin:logout"), headers=headers)


def test_rights_that_may_not_be_changed_are_shown_in_words(client):
    client.force_login(make_staff("view_user", "change_user", "view_case", name="zz"))
    account = make_staff("view_case", name="Zeca")
    url = reverse("admin:accounts_user_change", args=[account.pk])

    def send(headers):
        return client.get(url, headers=headers)

    assert not same(client, send)
    assert "Can view: case" in send({"accept-language": "en"}).content.decode()


def test_audit_lines_are_shown_in_words(client, operator):
    case = Case.objects.create(
        subject_type="message", subject_id=new_id(), revision=1, text="zz", author=operator
    )
    client.post(
        reverse("admin:moderation_case_decide", args=[case.pk]),
        {"outcome": "BLOCK", "reason": "spam"},
    )
    url = reverse("admin:moderation_case_history", args=[case.pk])

    page = client.get(url, headers={"accept-language": "pt-br"}).content.decode()

    assert "Bloquear: Este caso é sobre o seu próprio conteúdo" in page


def test_every_field_of_a_model_has_a_name_for_people():
    unnamed = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model.__module__.startswith("moderado.")
        for field in model._meta.concrete_fields
        if field.name not in {"password", "last_login", "is_superuser"}  # Django's own
        and not (field.auto_created or isinstance(field.verbose_name, Promise))
    ]

    assert not unnamed


def test_every_permission_is_named_in_the_language_of_the_reader():
    with translation.override("en"):
        english = {each.codename: permission_label(each) for each in Permission.objects.all()}
    with translation.override("pt-br"):
        portuguese = {each.codename: permission_label(each) for each in Permission.objects.all()}

    assert not [
        name
        for name, label in english.items()
        if label.partition("|")[2] == portuguese[name].partition("|")[2]
    ]
