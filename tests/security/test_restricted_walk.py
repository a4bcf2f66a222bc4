"""Restricted cases change nothing that others may read, and each look of others leaves a line.

Every answer is read before and after such cases exist, with everything that is stored beside them.
"""

import re
from difflib import ndiff

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client, RequestFactory
from django.urls import reverse

from moderado.enforcement.models import Appeal, AuditLine, Sanction
from moderado.moderation.models import BankedText, Case, Evaluation, ModerationLog
from tests.factories import make_staff
from tests.security.access_table import BODIES, rows
from tests.security.danger import CANARY, Danger
from tests.security.scene import Scene

pytestmark = [pytest.mark.django_db, pytest.mark.proves("S80")]

RIGHT = "view_restricted_case"
# The only differences: how old something is, and tokens of forms.
_VOLATILE = re.compile(
    r'"(oldest|waiting)_seconds":\d+|name="csrfmiddlewaretoken" value="\w+"|nonce-[\w-]+'
)
# Ids and codes alone: a line of each look at lines would have no end.
WITHOUT_LINE = {"enforcement/audit/", "/admin/enforcement/auditline/"}


@pytest.fixture
def scene():
    scene = Scene(is_private=True)
    Evaluation.objects.filter(pk=scene.evaluation).update(results={"examples": []})
    return scene


@pytest.fixture
def viewers(scene):
    """Who moderates, administers or audits, without the right."""
    scene.enlist("limited", all_but_the_right())
    scene.enlist("auditor", make_staff("view_auditline"))
    return ("limited", "auditor", "moderator")


def all_but_the_right():
    staff = make_staff(name="Limited")
    staff.user_permissions.set(Permission.objects.exclude(codename=RIGHT))
    return staff


def make_trusted():
    trusted = make_staff(name="Trusted")
    trusted.user_permissions.set(Permission.objects.all())
    return trusted


def reads(scene, viewers):
    """Return every answer to a GET request, by path and viewer."""
    found = {}
    for method, path, _ in rows():
        if method == "GET" and path not in ("schema/", "docs/"):
            for viewer in viewers if "audit" in path else set(viewers) - {"auditor"}:
                answer = scene.try_out(viewer, method, path)
                text = _VOLATILE.sub("", b"".join(answer).decode(errors="replace"))
                found[path, viewer] = (answer.status_code, text)
    return found


def previews(scene, viewers):
    """Return what rulings in bulk and purges would do, by viewer."""
    found = {}
    bulk = {**BODIES["POST enforcement/bulk/"], "filter": {}, "dry_run": True}
    purge = {"user": "{author}", "since": "{recently}", "dry_run": True}
    for viewer in viewers:
        for path, body in (("enforcement/bulk/", bulk), ("enforcement/purges/", purge)):
            answer = scene.try_out(viewer, "POST", path, body)
            found[path, viewer] = (answer.status_code, answer.content.decode())
    return found


def differences(before, after):
    """Return the answers that changed, each with the lines that appeared or vanished."""
    return {
        each: [
            line
            for line in ndiff(_lines(before[each]), _lines(after[each]))
            if line.startswith(("+ ", "- "))
        ]
        for each in before
        if before[each] != after[each]
    }


def _lines(answer):
    status, text = answer
    return [str(status), *re.split(r"(?<=[,{>])", text)]


def test_restricted_cases_change_no_answer_to_others(scene, viewers):
    trusted = make_trusted()
    before = {**reads(scene, viewers), **previews(scene, viewers)}
    danger = Danger(scene, trusted)
    after = {**reads(scene, viewers), **previews(scene, viewers)}

    assert differences(before, after) == {}
    assert after["enforcement/cases/", "limited"][0] == 200
    assert '"action":"invitation_created"' in after["enforcement/audit/", "auditor"][1]
    said = "".join(text for _, text in after.values())
    assert [each for each in danger.words() if each in said] == []


def test_acts_on_what_belongs_to_a_restricted_case_find_nothing(scene, viewers):
    danger = Danger(scene, make_trusted())
    (banked,), (appeal,) = danger.ids[BankedText], danger.ids[Appeal]
    lines = danger.ids[ModerationLog]
    acts = [
        *(("GET", f"moderation/logs/{each}/", None) for each in lines),
        *((method, f"enforcement/cases/{each}/{tail}", {}) for each in danger.ids[Case]
          for method, tail in (("GET", ""), ("POST", "claim/"), ("POST", "evidence/"))),
        *(("POST", f"enforcement/sanctions/{each}/lift/", {"reason": "-"})
          for each in danger.ids[Sanction]),
        *(("POST", f"enforcement/sanctions/{each}/term/", {"until": None, "reason": "-"})
          for each in danger.ids[Sanction]),
        ("POST", f"enforcement/rulings/{danger.ruling.id}/undo/", None),
        ("POST", f"enforcement/rulings/{danger.ruling.id}/reverse/", {"reason": "-"}),
        ("POST", f"enforcement/appeals/{appeal}/decision/",
         {"outcome": "overturned", "reason": "-"}),
    ]  # fmt: skip
    found = {
        (path, viewer): scene.try_out(viewer, method, path, body).status_code
        for method, path, body in acts
        for viewer in ("limited", "moderator")
    }
    assert {each: status for each, status in found.items() if status != 404} == {}
    path = f"enforcement/hash-bank/{banked}/?reason=-"
    assert scene.try_out("limited", "DELETE", path).status_code == 404


def page_of(model, kind="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}", args=args)


def rows_of_pages(viewer):
    """Return how many rows each list of the admin has, and finds by the word."""
    found, request = {}, RequestFactory().get("/admin/")
    request.user = viewer
    for model, site in admin.site._registry.items():
        listed = site.get_queryset(request)
        by_word, _ = site.get_search_results(request, listed, CANARY)
        found[model] = (listed.count(), by_word.count())
    return found


def test_restricted_cases_are_on_no_page_of_the_admin_for_others(scene):
    browser, viewer, trusted = Client(), all_but_the_right(), make_trusted()
    browser.force_login(viewer)
    before = rows_of_pages(viewer)
    danger = Danger(scene, trusted)

    assert rows_of_pages(viewer) == before
    words, shown = danger.words(), [model for model in danger.ids if model in admin.site._registry]
    for model in shown:
        listed = browser.get(page_of(model))
        assert listed.status_code == 200
        assert [each for each in words if each in listed.content.decode()] == []
    for model in shown:
        for each in danger.ids[model]:
            for kind in ("change", "history"):
                answer = browser.get(page_of(model, kind, each))
                assert answer.status_code in {302, 403}, (model, kind)
    assert len(shown) > 10


def test_each_look_of_those_who_may_leaves_a_line(scene):
    trusted, browser = make_trusted(), Client()
    scene.enlist("trusted", trusted)
    danger = Danger(scene, trusted)
    words, seen, silent = danger.words(), set(), []

    def look(path, read):
        before = AuditLine.objects.filter(actor=trusted).count()
        text = read()
        if any(each in text for each in words):
            seen.add(path)
            if AuditLine.objects.filter(actor=trusted).count() == before:
                silent.append(path)

    for method, path, _ in rows():
        if method == "GET" and path not in ("schema/", "docs/"):
            look(path, lambda path=path: b"".join(scene.ask("trusted", "GET", path)).decode())
    browser.force_login(trusted)
    for model in danger.ids.keys() & admin.site._registry.keys():
        page = page_of(model)
        look(page, lambda page=page: browser.get(page).content.decode())
    assert set(silent) == WITHOUT_LINE
    assert seen > WITHOUT_LINE | {"enforcement/sanctions/", "moderation/logs/"}
