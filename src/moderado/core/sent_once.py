"""Forms of pages that create something: the same form, sent twice, is one request.

The form carries an id that is new on each page, and its content makes it the `client_id` of the
service (ADR 0118). A double click sends both again. A user who goes back and changes the text sends
other content, and creates another record.
"""

import json
from uuid import UUID, uuid4, uuid5

from django import forms

FIELD = "form_id"


class SentOnce(forms.Form):
    """A form whose repeat can be recognized. A template or fieldset must have the field `form_id`.

    A form without the field, or with another value in it than a UUID, is never a repeat.
    """

    form_id = forms.CharField(required=False, initial=uuid4, label="", widget=forms.HiddenInput())

    def client_id(self) -> UUID | None:
        """Return the `client_id` of what a bound form asks for; None: it is no repeat."""
        try:
            form_id = UUID(self[FIELD].data)
        except (AttributeError, TypeError, ValueError):
            return None
        asked = {name: self[name].data for name in self.fields if name != FIELD}
        return uuid5(form_id, json.dumps(asked, sort_keys=True, default=str))

    def client_key(self) -> str | None:
        """Return `client_id` as the services of accounts expect it."""
        client_id = self.client_id()
        return None if client_id is None else str(client_id)
