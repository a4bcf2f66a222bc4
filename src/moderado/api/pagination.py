"""Pagination by keyset cursors and by page numbers.

A cursor is an exact position between two rows: concurrent inserts neither skip nor repeat rows.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from math import isfinite
from typing import Any, Literal, NamedTuple

import msgspec
from django.core.exceptions import ValidationError
from django.db.models import BooleanField, F, Field, Func, Lookup, Model, QuerySet, Value
from django.db.models.lookups import (
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
)
from django.utils.timezone import is_aware
from django.utils.translation import gettext_lazy as _
from rest_framework import pagination
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from moderado.core.errors import Invalid

Operator = Literal["<", "<=", ">", ">="]

_LOOKUPS: "dict[Operator, type[Lookup[bool]]]" = {
    "<": LessThan,
    "<=": LessThanOrEqual,
    ">": GreaterThan,
    ">=": GreaterThanOrEqual,
}


class Cursor(NamedTuple):
    """Selects the rows whose two ordering fields compare with these values by `operator`."""

    operator: Operator
    first: str
    second: str

    def encoded(self) -> str:
        return urlsafe_b64encode(msgspec.json.encode(tuple(self))).decode().rstrip("=")

    @classmethod
    def decoded(cls, text: str) -> "Cursor":
        """Decode what `encoded` returned.

        Raises:
            MalformedCursor: The text is anything else.
        """
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return msgspec.json.decode(raw, type=cls)
        except (ValueError, msgspec.MsgspecError):
            raise MalformedCursor from None


class MalformedCursor(Invalid):
    message = _("This cursor is not one of ours.")

    def __init__(self) -> None:
        super().__init__(fields={"cursor": self.message})


class ExactCursorPagination(pagination.CursorPagination):
    """Keyset pages by the row comparison `(first, second) < (…)`, which an index serves.

    `ordering` names exactly two fields, both ascending or both descending; together they are
    unique and never change. DRF's own cursor knows the first field only and counts what is equal,
    so it skips and repeats rows while others are inserted.
    """

    ordering: tuple[str, str] = ("-position", "-id")
    page_size = 20
    max_page_size = 100
    page_size_query_param = "page_size"
    around_query_param = "around"

    asked: Cursor | None = None  # the cursor of the request
    next_cursor: Cursor | None
    previous_cursor: Cursor | None

    def paginate_queryset(  # type: ignore[override]  # DRF's stub also allows sequences
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        self.base_url: str = request.build_absolute_uri()
        encoded = request.query_params.get(self.cursor_query_param)
        self.asked = cursor = Cursor.decoded(encoded) if encoded else None
        backward = cursor is not None and cursor.operator[0] == self._backward
        if cursor:
            queryset = queryset.filter(self._beyond(cursor, queryset.model))
        order = [_opposite(name) for name in self.ordering] if backward else self.ordering
        size = self.get_page_size(request) or type(self).page_size
        rows = list(queryset.order_by(*order)[: size + 1])
        self._set_cursors(rows[:size], cursor, backward=backward, more=len(rows) > size)
        return rows[:size][::-1] if backward else rows[:size]

    def paginate_around(self, queryset: QuerySet[Any], request: Request, row: Model) -> list[Any]:
        """Return the page in the middle of which `row` stands, or stood if it is not selected.

        Half of the page precedes the row. Both cursors lead on from the ends of the page.
        """
        self.base_url = remove_query_param(request.build_absolute_uri(), self.around_query_param)
        size = self.get_page_size(request) or type(self).page_size
        half, reverse = size // 2, [_opposite(name) for name in self.ordering]
        behind, ahead = self._at(self._backward, row), self._at(self._forward, row)
        ahead = ahead._replace(operator=f"{ahead.operator}=")  # type: ignore[arg-type]  # a Literal
        model = queryset.model
        before = list(queryset.filter(self._beyond(behind, model)).order_by(*reverse)[: half + 1])
        after = queryset.filter(self._beyond(ahead, model)).order_by(*self.ordering)
        onward = list(after[: size - half + 1])
        page = before[:half][::-1] + onward[: size - half]
        first, last = (page[0], page[-1]) if page else (row, row)
        self.previous_cursor = self._at(self._backward, first) if len(before) > half else None
        self.next_cursor = self._at(self._forward, last) if len(onward) > size - half else None
        return page

    def span(self) -> tuple[str | None, str | None]:
        """Return where the page ends, as values of the first field: onward, and behind.

        None: there is nothing beyond that end.
        """
        onward = None if self.next_cursor is None else self.next_cursor.first
        behind = None if self.previous_cursor is None else self.previous_cursor.first
        if self.asked is None:
            return onward, behind
        if self.asked.operator[0] == self._forward:
            return onward, self.asked.first
        return self.asked.first, behind

    @property
    def _forward(self) -> Literal["<", ">"]:
        return "<" if self.ordering[0].startswith("-") else ">"

    @property
    def _backward(self) -> Literal["<", ">"]:
        return ">" if self._forward == "<" else "<"

    def _set_cursors(
        self, rows: Sequence[Any], cursor: Cursor | None, *, backward: bool, more: bool
    ) -> None:
        """Set both cursors. `rows` are in the order in which they were read: away from `cursor`."""
        ahead, behind = self._forward, self._backward
        if backward:
            ahead, behind = behind, ahead
        onward = self._at(ahead, rows[-1]) if more else None
        if rows:
            back = self._at(behind, rows[0]) if cursor else None
        else:
            # The page is empty: the way back includes the row that the cursor names.
            back = cursor and cursor._replace(operator=f"{behind}=")  # type: ignore[arg-type]  # a Literal
        self.next_cursor, self.previous_cursor = (back, onward) if backward else (onward, back)

    def _at(self, operator: Operator, row: Model) -> Cursor:
        first, second = (field.value_to_string(row) for field in self._fields(type(row)))
        return Cursor(operator, first, second)

    def _fields(self, model: type[Model]) -> list["Field[Any, Any]"]:
        names = {name.lstrip("-") for name in self.ordering}
        fields = model._meta.fields  # noqa: SLF001  (documented by Django)
        by_name = {field.name: field for field in fields if field.name in names}
        return [by_name[name.lstrip("-")] for name in self.ordering]

    def _beyond(self, cursor: Cursor, model: type[Model]) -> "Lookup[bool]":
        values = [
            Value(_parsed(field, text), output_field=field)
            for field, text in zip(self._fields(model), cursor[1:], strict=True)
        ]
        columns = [F(name.lstrip("-")) for name in self.ordering]
        return _LOOKUPS[cursor.operator](_row(*columns), _row(*values))

    def get_next_link(self) -> str | None:
        return self._link(self.next_cursor)

    def get_previous_link(self) -> str | None:
        return self._link(self.previous_cursor)

    def _link(self, cursor: Cursor | None) -> str | None:
        if cursor is None:
            return None
        return replace_query_param(self.base_url, self.cursor_query_param, cursor.encoded())


class NumberedPages(pagination.PageNumberPagination):
    """Pages by number, for short lists: `{count, next, previous, results}`."""

    page_size = 20
    max_page_size = 100
    page_size_query_param = "page_size"

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        # DRF writes `nullable`, which OpenAPI 3.1 does not have.
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer"},
                "next": link,
                "previous": link,
                "results": schema,
            },
        }


def _opposite(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _row(*expressions: F | Value) -> Func:
    return Func(*expressions, function="ROW", output_field=BooleanField())


def _parsed(field: "Field[Any, Any]", text: str) -> object:
    """Return the field's value of what `value_to_string` wrote.

    Raises:
        MalformedCursor: The text is anything else.
    """
    try:
        value = field.clean(text, None)
    except (ValidationError, OverflowError):
        raise MalformedCursor from None
    if hasattr(value, "tzinfo") and not is_aware(value):
        raise MalformedCursor
    if isinstance(value, float) and not isfinite(value):
        raise MalformedCursor
    return value


class NewestFirstPagination(ExactCursorPagination):
    """Pages of records, the newest first; ids order those of the same moment."""

    ordering = ("-created_at", "-id")
