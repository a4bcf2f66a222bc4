"""Serves generated documents: built once in a process, and sent once to each client."""

from dataclasses import dataclass
from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is sent.

    Args:
        body: The bytes.
        content_type: The header.
    """

    body: bytes
    content_type: str

    @property
    def etag(self) -> str:
        """A strong entity tag: equal for equal bytes, in every process."""
        return f'"{sha256(self.body).hexdigest()[:32]}"'


def response_to(request: HttpRequest, document: Document) -> HttpResponseBase:
    """Return the document, or 304 without a body if the client has it (RFC 9110, 13.1.2)."""
    response = HttpResponse(document.body, content_type=document.content_type)
    response["ETag"] = document.etag
    return get_conditional_response(request, etag=document.etag, response=response) or response
