from django.apps import AppConfig


class LabelPlatformConfig(AppConfig):
    name = "labelplatform"
    verbose_name = "Accounts and access"
    default_auto_field = "django.db.models.BigAutoField"
