"""Addresses. /healthz, /readyz and /metrics are answered by RequestMiddleware, before the rest."""

from django.contrib import admin
from django.urls import include, path

handler403 = "labelplatform.errors.not_allowed"
handler404 = "labelplatform.errors.not_found"
handler500 = "labelplatform.errors.server_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("labeling.urls")),
]
