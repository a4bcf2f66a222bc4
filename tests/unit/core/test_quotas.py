"""The tables of quota classes are complete and contain nothing else."""

import pytest

from moderado.core.quotas import FRAMES, Quota, quota_of_request, quota_of_route
from moderado.realtime.wire import protocol


@pytest.mark.parametrize(
    ("method", "route", "quota"),
    [
        ("GET", "api/auth/users/", Quota.EXPENSIVE),
        ("HEAD", "api/auth/users/", Quota.EXPENSIVE),
        ("OPTIONS", "api/auth/users/", Quota.CHEAP),
        ("PUT", "api/auth/users/", Quota.CHEAP),
        ("POST", "admin/login/", Quota.SIGN_IN),
        ("GET", "admin/login/", Quota.CHEAP),
        ("GET", "admin/jsi18n/", Quota.CHEAP),
        ("GET", "admin/chat/room/<path:object_id>/change/", Quota.EXPENSIVE),
        ("POST", "admin/chat/room/<path:object_id>/change/", Quota.WRITE),
        ("GET", "wp-login.php", Quota.CHEAP),
    ],
)
def test_class_of_a_request(method, route, quota):
    assert quota_of_route(method, route) is quota


@pytest.mark.proves("S158")
@pytest.mark.parametrize(
    ("method", "parameters", "quota"),
    [
        ("GET", {}, Quota.CHEAP),
        ("GET", {"scope": "public", "search": ""}, Quota.CHEAP),
        ("GET", {"search": "a"}, Quota.EXPENSIVE),
        ("HEAD", {"search": "a"}, Quota.EXPENSIVE),
        ("POST", {"search": "a"}, Quota.CREATE),
    ],
)
def test_search_of_rooms_is_expensive(method, parameters, quota):
    assert quota_of_request(method, "api/chat/rooms/", lambda: parameters) is quota


def test_every_frame_has_a_class_and_no_other_name_has():
    frames = {frame.__struct_config__.tag for frame in protocol.ClientFrame.__subclasses__()}

    assert set(FRAMES) == frames
