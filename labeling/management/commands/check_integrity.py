from typing import Any

from django.core.management.base import BaseCommand, CommandError

from labeling.integrity import ROWS_SHOWN, find_broken


class Command(BaseCommand):
    help = "Check what must always be true; exit 1 with the rows that break it."

    def handle(self, *_args: Any, **_options: Any) -> None:
        broken = 0
        for check, lines in find_broken():
            if not lines:
                self.stdout.write(f"ok      {check.name}: {check.says}")
                continue
            broken += 1
            more = f" ({ROWS_SHOWN} shown)" if len(lines) == ROWS_SHOWN else ""
            self.stdout.write(f"BROKEN  {check.name}: {check.says}{more}")
            for line in lines:
                self.stdout.write(f"        {line}")
        if broken:
            raise CommandError(f"{broken} of the checks found rows that break them")
