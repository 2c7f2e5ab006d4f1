#!/usr/bin/env python3
"""Django's commands: ``python manage.py help`` lists them."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelplatform.settings")
    # With no settings given at all this is the installation that script/run keeps here. The
    # programs that serve (web, worker, beat) never assume that.
    if "SECRET_KEY" not in os.environ and "DATABASE_URL" not in os.environ:
        os.environ.setdefault("DEBUG", "true")
    execute_from_command_line(sys.argv)
