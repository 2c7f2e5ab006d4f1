"""The web process: ``granian --interface wsgi labelplatform.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelplatform.settings")
# Threads of one process share connections; other programs have one thread and need no pool.
os.environ.setdefault("DATABASE_POOL", os.environ.get("WEB_THREADS", "4"))

application = get_wsgi_application()
