"""Paths of the judge, as clients of OpenAI and of Perspective expect them. Mounted at the root."""

from django.urls import path, re_path

from moderado.api.judge import moderations, perspective
from moderado.api.unknown import Unknown

urlpatterns = [
    path("v1/moderations", moderations.Moderations.as_view()),
    path("v1alpha1/comments:analyze", perspective.Analyzing.as_view()),
    path("v1alpha1/comments:suggestscore", perspective.Suggesting.as_view()),
    re_path(r"^v1(alpha1)?/", Unknown.as_view()),
]
