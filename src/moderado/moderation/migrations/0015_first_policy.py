"""Version 1 of the policy `default`, made of the configuration, and append-only versions.

Where the configuration is invalid, nothing is made: the server does not start with it anyway, and
without a stored policy the configuration decides. Where a rule has no counterpart in a policy, the
log says so.
"""

import structlog
from django.conf import settings
from django.db import migrations

from moderado.core.ids import new_id

log = structlog.get_logger(__name__)

_REFUSE = """
CREATE FUNCTION moderation_policies_are_append_only() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER policy_version_append_only
    BEFORE UPDATE OR DELETE ON moderation_policyversion
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_policies_are_append_only();

CREATE TRIGGER policy_change_append_only
    BEFORE UPDATE OR DELETE ON moderation_policychange
    FOR EACH STATEMENT EXECUTE FUNCTION moderation_policies_are_append_only();
"""
_ALLOW = """
DROP TRIGGER policy_change_append_only ON moderation_policychange;
DROP TRIGGER policy_version_append_only ON moderation_policyversion;
DROP FUNCTION moderation_policies_are_append_only();
"""
_REASON = "made of the configuration"


def make_first_version(apps, schema_editor):
    from moderado.moderation import registry
    from moderado.moderation.policies.configured import DEFAULT, document_of
    from moderado.moderation.policies.documents import to_json
    from moderado.moderation.policies.mistakes import InvalidDocument

    entries = settings.MODERATION_PROVIDERS
    configured, wrong = registry.build(entries)
    if wrong:
        return
    try:
        document = document_of(configured, [each.get("OPTIONS", {}) for each in entries])
    except (InvalidDocument, LookupError) as error:
        log.warning("first_policy_not_made", reason=str(error), read="docs/policies.md")
        return
    models = {
        name: apps.get_model("moderation", name)
        for name in ("Policy", "PolicyVersion", "PolicyAssignment", "PolicyChange")
    }
    policy = models["Policy"].objects.create(name=DEFAULT)
    version = models["PolicyVersion"].objects.create(
        policy=policy, number=1, document=to_json(document), reason=_REASON
    )
    policy.enabled, policy.in_force = version, [version.id]
    policy.save(update_fields=["enabled", "in_force"])
    models["PolicyAssignment"].objects.create(policy=policy)
    for action in ("saved", "enabled", "assigned"):
        models["PolicyChange"].objects.create(
            id=new_id(), policy=policy, version=version, action=action, reason=_REASON
        )


class Migration(migrations.Migration):
    dependencies = [("moderation", "0014_policies")]

    operations = [
        migrations.RunSQL(_REFUSE, _ALLOW),
        migrations.RunPython(make_first_version, migrations.RunPython.noop),
    ]
