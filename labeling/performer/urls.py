"""Addresses of performers. An address in a card of Toloka may come without its last slash."""

from django.urls import path, re_path

from labeling.performer.arrival import start_visit
from labeling.performer.events import receive_events
from labeling.performer.page import show_labeling_page
from labeling.performer.preview import show_preview

urlpatterns = [
    re_path(r"^toloka/start(?:/(?P<path_id>[^/]+))?/?$", start_visit, name="start"),
    re_path(
        r"^toloka/(?P<arrival_key>[\w-]+)/start(?:/(?P<path_id>[^/]+))?/?$",
        start_visit,
        name="start-of-account",
    ),
    path("toloka/<str:arrival_key>/events/", receive_events, name="events"),
    path("label/<uuid:session_id>/", show_labeling_page, name="labeling-page"),
    path("preview/pool/<int:pool_id>/", show_preview, name="preview"),
]
