"""The Django project: settings, wiring, what an operator needs. No domain."""

# Here, so that every program that loads the project sends its jobs to our broker.
from labelplatform.celery import app as celery_app

__all__ = ["celery_app"]
