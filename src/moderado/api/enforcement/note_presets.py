"""Notes to authors that moderators choose from: /api/enforcement/note-presets/."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.accounts.models import User
from moderado.api.callers import moderated_scopes
from moderado.enforcement.note_presets import note_presets

_EXAMPLE = {
    "results": [
        {
            "category": "insult",
            "notes": {
                "pt-br": "Critique o que foi dito, e não a pessoa que disse.",
                "en": "Criticize what was said, and not the person who said it.",
            },
        }
    ]
}


class NotePresetBody(serializers.Serializer[Any]):
    category = serializers.CharField()
    notes = serializers.DictField(
        child=serializers.CharField(), help_text="By language: choose that of the author."
    )


class NotePresetList(serializers.Serializer[Any]):
    results = NotePresetBody(many=True)


class NotePresets(APIView):
    @extend_schema(
        operation_id="list_note_presets",
        responses=NotePresetList,
        examples=[OpenApiExample("Of insults", _EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """List a public note for each category, in every language of the server."""
        moderated_scopes(request, rights.DECIDE_CASE)
        by_language = {language: note_presets(language) for language in User.Language.values}
        results = [
            {
                "category": category,
                "notes": {language: notes[category] for language, notes in by_language.items()},
            }
            for category in next(iter(by_language.values()))
        ]
        return Response({"results": results})
