"""The clocks of a page and of a visit, and the order they must stand in.

grace < time for a page <= most time for a page < silence that ends a visit < time that Toloka
gives the visit, less a margin in which the last report and the close are sent.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext as _

GRACE = timedelta(seconds=30)
"""How long after the end of its lease a page is still waited for."""

DEADLINE_MARGIN = timedelta(seconds=300)
"""How long before Toloka's deadline a visit ends, so that its reports arrive in time."""


def find_conflicts(
    *, lease_s: int, most_s: int, idle_s: int, visit_s: int | None
) -> Iterator[tuple[str, str, str]]:
    """Yield ``(code, message, cure)`` for each two neighbouring clocks in the wrong order.

    ``visit_s`` is the time for a visit on the card in Toloka; None where there is no card.
    """
    grace_s = int(GRACE.total_seconds())
    margin_s = int(DEADLINE_MARGIN.total_seconds())
    if lease_s <= grace_s:
        yield (
            "LEASE_TOO_SHORT",
            _("The time for a page is %(lease)s s; late answers are waited for %(grace)s s.")
            % {"lease": lease_s, "grace": grace_s},
            _("Make the time for a page longer than %(grace)s s.") % {"grace": grace_s},
        )
    if lease_s > most_s:
        yield (
            "LEASE_ABOVE_MOST_TIME",
            _("The time for a page (%(lease)s s) is longer than the most time for it (%(most)s s).")
            % {"lease": lease_s, "most": most_s},
            _("Lower the first or raise the second."),
        )
    if most_s >= idle_s:
        yield (
            "IDLE_TOO_SHORT",
            _("A visit would end after %(idle)s s of silence, while a page may take %(most)s s.")
            % {"idle": idle_s, "most": most_s},
            _("Let silence end a visit only after more than the most time for a page."),
        )
    if visit_s is not None and idle_s >= visit_s - margin_s:
        yield (
            "VISIT_TOO_SHORT",
            _(
                "The card in Toloka gives a visit %(visit)s s, of which the last %(margin)s s are "
                "for the reports; silence would end it only after %(idle)s s."
            )
            % {"visit": visit_s, "margin": margin_s, "idle": idle_s},
            _("Give a visit more time on the card, or let silence end it sooner."),
        )
