"""Addresses of everybody but the admin."""

from django.urls import include, path

urlpatterns = [
    path("label/api/sessions/", include("labeling.performer.api_urls")),
    path("", include("labeling.performer.urls")),
    path("requester/", include("labeling.requester.urls")),
]
