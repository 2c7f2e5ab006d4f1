"""Addresses of the labeling page's calls, below ``/label/api/sessions/``."""

from django.urls import path

from labeling.performer import api

PAGE = "<uuid:session_id>/assignments/<uuid:assignment_id>"

urlpatterns = [
    path("<uuid:session_id>", api.show_session),
    path("<uuid:session_id>/finish", api.finish),
    path(f"{PAGE}/submit", api.submit),
    path(f"{PAGE}/skip", api.skip),
    path(f"{PAGE}/check", api.check),
    path(f"{PAGE}/heartbeat", api.heartbeat),
    path(f"{PAGE}/attachments", api.attach),
    path(f"{PAGE}/attachments/<uuid:attachment_id>", api.detach),
]
