"""The product's settings for tests, mypy and programs that tests start: servers of their own.

Several runs may go on at once: they share the cluster of the place ``tests``, and each has its own
databases and its own Redis, named by the run's process.
"""

import os
from pathlib import Path

from labelplatform import embedded

ROOT = Path(__file__).resolve().parent.parent
# Processes that a run starts (xdist's workers, servers) inherit its number.
RUN = os.environ.setdefault("TEST_RUN", str(os.getpid()))
POSTGRES = embedded.locate(ROOT, "tests")
REDIS = embedded.locate(ROOT, f"tests-{RUN}")

os.environ.setdefault("SECRET_KEY", "only-for-tests-" * 3)
os.environ.setdefault("FIELD_KEYS", "dGVzdHMtb25seS1rZXktb2YtMzItYnl0ZXMtbG9uZyE=")
os.environ.setdefault("DATABASE_URL", POSTGRES.database_url)
os.environ.setdefault("REDIS_URL", REDIS.redis_url)
os.environ.setdefault("LOG_FORMAT", "text")
os.environ.setdefault("MEDIA_ROOT", str(ROOT / "var" / "tests" / RUN / "media"))

from labelplatform.settings import *  # noqa: E402, F403  # they read the variables above
from labelplatform.settings import DATABASES, STORAGES  # noqa: E402

DATABASES["default"]["TEST"] = {"NAME": f"test_{RUN}"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT = None  # files come from where they lie
WHITENOISE_USE_FINDERS = True
