"""Connects events to their handlers. The only module that imports every context and entry point."""

from moderado.accounts import bans, closures
from moderado.accounts import events as accounts
from moderado.accounts import holds as account_holds
from moderado.accounts.services.superusers import provide_withdrawn
from moderado.chat import events as chat
from moderado.chat.selectors.authors import author_of_message, authors_of_messages
from moderado.chat.selectors.evidence import evidence_of_message
from moderado.chat.selectors.judged_texts import judged_texts
from moderado.chat.selectors.noticed import noticed_message, noticed_room
from moderado.chat.selectors.refused import refused_texts
from moderado.chat.selectors.reported import reported_message, reported_room
from moderado.chat.selectors.review import is_shown
from moderado.chat.selectors.rooms import moderated_rooms, moderators_of, room_type
from moderado.chat.services import (
    moderators,
    names,
    previous_texts,
    rulings,
    sanctions,
    succession,
)
from moderado.chat.tasks import erasure_wakeup, export_wakeup, purge_wakeup, wakeup
from moderado.chat.types import MESSAGE, ROOM_NAME, USER_NAME
from moderado.core.events import Routes, connect
from moderado.core.staff_actions import StaffActed
from moderado.enforcement import events as enforcement
from moderado.enforcement.selectors.parties import provide_room_roles
from moderado.enforcement.selectors.refused_texts import provide_refused
from moderado.enforcement.selectors.withdrawn import withdrawn_accounts
from moderado.enforcement.services import (
    admission,
    appeal_outcomes,
    appeal_sights,
    audit_events,
    decision_notices,
    erased_accounts,
    erasures,
    holds,
    machine_strikes,
    notice_outcomes,
    person_changes,
    report_outcomes,
    strikes,
)
from moderado.enforcement.services.evidence_sources import provide_evidence
from moderado.enforcement.services.notice_subjects import provide_noticed
from moderado.enforcement.services.report_subjects import provide_reported
from moderado.enforcement.services.strike_values import provide_room_type
from moderado.enforcement.types import PERSON, ROOM
from moderado.moderation import events as moderation
from moderado.moderation.restricted_cases import provide_shown
from moderado.moderation.selectors import is_shown as is_name_shown
from moderado.moderation.services import subjects
from moderado.moderation.services.subject_texts import provide_texts
from moderado.moderation.tasks import evaluation_wakeup
from moderado.moderation.tasks import wakeup as subjects_wakeup
from moderado.realtime.pubsub import author_delivery, fanout


def wire(*, after_commit: Routes | None = None) -> None:
    """Connect all handlers.

    Args:
        after_commit: Replaces the handlers that run after the commit, for tests.
    """
    _provide_ports()
    connect(
        after_commit=_after_commit() if after_commit is None else after_commit,
        inside={**_of_cases(), **_inside(), **_audited()},
    )


def _audited() -> Routes:
    """Lines of the audit of staff, in the transaction of the act, and what follows from rulings."""
    return {
        StaffActed: [audit_events.on_staff_acted],
        enforcement.RulingMade: [appeal_outcomes.on_ruling_made, audit_events.on_ruling_made],
        enforcement.RulingUndone: [
            appeal_outcomes.on_ruling_undone,
            audit_events.on_ruling_undone,
        ],
        enforcement.RulingReversed: [
            appeal_outcomes.on_ruling_reversed,
            audit_events.on_ruling_reversed,
        ],
    }


def _of_cases() -> Routes:
    """What follows from reviews and cases, in their transaction."""
    return {
        moderation.ReviewStarted: [rulings.lock_subject, subjects.on_review_started],
        moderation.CaseDecided: [
            appeal_sights.before_case_decided,
            rulings.apply_ruling,
            subjects.apply_ruling,
        ],
        moderation.SubjectsChanging: [appeal_sights.before_subjects_change],
        moderation.DecisionUndone: [
            rulings.undo_ruling,
            subjects.undo_ruling,
            erased_accounts.on_decision_undone,
        ],
        moderation.CasesChanged: [
            report_outcomes.on_cases_changed,
            notice_outcomes.on_cases_changed,
            appeal_outcomes.on_cases_changed,
            appeal_sights.on_cases_changed,
        ],
    }


def _inside() -> Routes:
    """Same database: the cause and its effect are committed together or not at all."""
    return {
        enforcement.RulingSettled: [
            report_outcomes.on_ruling_settled,
            notice_outcomes.on_ruling_settled,
            appeal_outcomes.on_ruling_settled,
            machine_strikes.on_ruling_settled,
            person_changes.on_ruling_settled,
            decision_notices.on_ruling_settled,
        ],
        enforcement.PersonNotified: [person_changes.on_person_notified],
        enforcement.SanctionApplied: [sanctions.on_sanction_applied, strikes.on_sanction_applied],
        enforcement.SanctionEndChanged: [sanctions.on_sanction_end_changed],
        enforcement.SanctionLifted: [
            sanctions.on_sanction_lifted,
            strikes.on_sanction_lifted,
            appeal_outcomes.on_sanction_lifted,
        ],
        moderation.RevisionsBlocked: [machine_strikes.on_revisions_blocked],
        # A name and its judgement likewise.
        accounts.NameProposed: [names.propose_user_name],
        accounts.NameAssigned: [names.assign_user_name],
        moderation.SubjectShown: [names.show_judged_name],
        accounts.AccountDeactivated: [
            succession.on_account_deactivated,
            moderators.on_account_deactivated,
        ],
        accounts.AccountActivated: [succession.on_account_activated],
        accounts.StaffRightsChanged: [moderators.on_staff_rights_changed],
    }


def _provide_ports() -> None:
    """Let lower layers read what higher ones own."""
    provide_texts(
        MESSAGE,
        judged_texts,
        previous=previous_texts.of_past_messages,
        authors=authors_of_messages,
    )
    bans.provide_checks(account=admission.check_account, email=admission.check_email)
    closures.provide_check(erasures.is_final)
    provide_withdrawn(withdrawn_accounts)
    account_holds.provide_held(holds.rows_of_held_accounts)
    holds.provide_author(author_of_message)
    provide_reported(MESSAGE, reported_message)
    provide_reported(ROOM, reported_room)
    provide_noticed(MESSAGE, noticed_message)
    provide_noticed(ROOM, noticed_room)
    provide_shown(MESSAGE, is_shown)
    for name in (USER_NAME, ROOM_NAME):
        provide_shown(name, is_name_shown)
    for subject in (PERSON, ROOM):
        provide_shown(subject, None)
    provide_evidence(MESSAGE, evidence_of_message)
    provide_refused(refused_texts)
    provide_room_type(room_type)
    provide_room_roles(rooms_of=moderated_rooms, moderators_of=moderators_of, name_type=ROOM_NAME)


def _after_commit() -> Routes:
    return {
        accounts.SessionEnded: [fanout.on_session_ended],
        chat.MessagesQueued: [_wake_worker],
        chat.AuthorNotified: [fanout.on_author_notified],
        chat.AuthorsNotified: [author_delivery.on_authors_notified],
        chat.RoomsChanged: [fanout.on_rooms_changed],
        chat.AudienceChanged: [fanout.on_audience_changed],
        chat.RoomDetailsChanged: [fanout.on_room_details_changed],
        chat.RoomRead: [fanout.on_room_read],
        moderation.CasesChanged: [fanout.on_cases_changed],
        enforcement.AppealsChanged: [fanout.on_appeals_changed],
        enforcement.PersonNotified: [fanout.on_person_notified],
        enforcement.BlocksChanged: [fanout.on_blocks_changed],
        moderation.SubjectQueued: [_wake_subject_worker],
        moderation.EvaluationQueued: [_wake_evaluating_worker],
        enforcement.ErasureDue: [_wake_erasing_worker],
        enforcement.ExportQueued: [_wake_exporting_worker],
        enforcement.PurgeQueued: [_wake_purging_worker],
    }


def _wake_worker(_: chat.MessagesQueued) -> None:
    wakeup.notify()


def _wake_subject_worker(_: moderation.SubjectQueued) -> None:
    subjects_wakeup.notify()


def _wake_evaluating_worker(_: moderation.EvaluationQueued) -> None:
    evaluation_wakeup.notify()


def _wake_erasing_worker(_: enforcement.ErasureDue) -> None:
    erasure_wakeup.notify()


def _wake_exporting_worker(_: enforcement.ExportQueued) -> None:
    export_wakeup.notify()


def _wake_purging_worker(_: enforcement.PurgeQueued) -> None:
    purge_wakeup.notify()
