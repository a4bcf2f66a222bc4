"""What the server asks of its members, by category: one sentence each.

The page of guidelines shows them, and they are the presets of notes to authors.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from moderado.moderation.types import Category

CATEGORY_RULES: Mapping[Category, Promise] = {
    Category.PROFANITY: _("Write without swearing: others did not choose to read it."),
    Category.INSULT: _("Criticize what was said, and not the person who said it."),
    Category.HARASSMENT: _("Do not pursue, expose or pressure people who want to be left alone."),
    Category.HATE: _(
        "Do not attack people for what they are: origin, colour, religion, sex, gender, "
        "orientation, age or disability."
    ),
    Category.SEXUAL: _("Do not post sexual content, and do not send it to people unasked."),
    Category.VIOLENCE: _("Do not glorify violence, and do not describe it to shock."),
    Category.THREAT: _("Do not threaten people, and do not call on others to harm them."),
    Category.SELF_HARM: _(
        "Do not encourage people to harm themselves. You may speak of your own distress: "
        "a moderator reads it, and you find help here."
    ),
    Category.CHILD_SAFETY: _(
        "Nothing that sexualizes or endangers children and adolescents has a place here."
    ),
    Category.EXTREMISM: _("Do not praise or advertise terrorism or groups that use violence."),
    Category.SPAM: _("Do not repeat messages, advertise or flood a room."),
    Category.SCAM: _("Do not deceive people for their money, accounts or data."),
    Category.PERSONAL_DATA: _(
        "Do not post personal data of others, such as addresses, telephone numbers or documents."
    ),
    Category.ILLICIT: _("Do not offer or arrange what the law forbids."),
}
assert set(CATEGORY_RULES) == set(Category)
