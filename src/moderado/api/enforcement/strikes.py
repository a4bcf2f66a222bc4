"""How strikes add up: /api/enforcement/strikes/."""

from datetime import timedelta
from typing import Any, cast

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from moderado.accounts import rights
from moderado.accounts.models import User
from moderado.api.callers import sees_restricted
from moderado.api.schemas import validated
from moderado.core.errors import Forbidden
from moderado.enforcement.selectors.strikes import points_by_person

LONGEST_DAYS = 3_660
_EXAMPLE = {
    "policy": "default",
    "window_days": 90,
    "persons": 14,
    "buckets": [
        {"points": 1, "persons": 11, "persons_at_least": 14},
        {"points": 3, "persons": 2, "persons_at_least": 3},
        {"points": 6, "persons": 1, "persons_at_least": 1},
    ],
}


class HistogramQuery(serializers.Serializer[Any]):
    policy = serializers.CharField(
        required=False, max_length=64, help_text="Of this policy. All, unless given."
    )
    window_days = serializers.IntegerField(
        min_value=1,
        max_value=LONGEST_DAYS,
        default=90,
        help_text="How many days old strikes may be; 90 unless given.",
    )


class BucketBody(serializers.Serializer[Any]):
    points = serializers.IntegerField()
    persons = serializers.IntegerField(help_text="With exactly so many points.")
    persons_at_least = serializers.IntegerField(
        help_text="Whom a threshold at these points would reach."
    )


class HistogramBody(serializers.Serializer[Any]):
    """How many persons have how many points of strikes."""

    policy = serializers.CharField(allow_null=True)
    window_days = serializers.IntegerField()
    persons = serializers.IntegerField(help_text="With any strike that counts.")
    buckets = BucketBody(many=True)


class StrikeHistogram(APIView):
    @extend_schema(
        operation_id="show_strike_histogram",
        parameters=[HistogramQuery],
        responses=HistogramBody,
        examples=[OpenApiExample("Three months", _EXAMPLE, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """Count persons by their points of strikes, to choose thresholds by. For staff.

        The points of a person are the highest sum under one policy in one room, or on the server.
        """
        if not rights.acts_as_staff(cast("User", request.user), rights.VIEW_SANCTION):
            raise Forbidden
        asked = validated(HistogramQuery, request.query_params.dict())
        policy, days = asked.get("policy"), asked["window_days"]
        counts = points_by_person(
            policy=policy, window=timedelta(days=days), sees_restricted=sees_restricted(request)
        )
        left = persons = sum(count for _, count in counts)
        buckets = []
        for points, count in counts:
            buckets.append({"points": points, "persons": count, "persons_at_least": left})
            left -= count
        body = {"policy": policy, "window_days": days, "persons": persons, "buckets": buckets}
        return Response(HistogramBody(body).data)
