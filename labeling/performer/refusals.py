"""The pages that say why a performer can't go on: a reason, what to do, and the way back."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integration.enums import Environment
from integration.models.account import API_URLS
from labeling.enums import WaitReason
from labeling.performer.browser import choose_language

# A page that tries again by itself does so no sooner and no later than this, in seconds.
SOONEST_RETRY_S = 5
LATEST_RETRY_S = 120
USUAL_RETRY_S = 30


@dataclass(frozen=True)
class Refusal:
    """What one page says, and the HTTP status it comes with.

    ``icon`` is a name in templates/labeling/icons/. A page that ``retries`` loads itself again
    after a while.
    """

    status: int
    icon: str
    title: Promise
    text: Promise
    cure: Promise
    retries: bool = False


_PRESS_START = _("Go back to Toloka and press Start on the task.")
_OTHER_TASK = _("Go back to Toloka and choose another task.")

REFUSALS: dict[str, Refusal] = {
    # The link
    "no_id": Refusal(
        400,
        "link",
        _("This link is not complete"),
        _("Toloka adds the number of your assignment to the link. It is missing here."),
        _PRESS_START,
    ),
    "malformed": Refusal(
        400,
        "link",
        _("This link is damaged"),
        _("The number of the assignment in the link can't be right."),
        _("Go back to Toloka and press Start: don't copy the link by hand."),
    ),
    "different_ids": Refusal(
        400,
        "link",
        _("This link contradicts itself"),
        _("It names two different assignments, and we can't tell which one is yours."),
        _PRESS_START,
    ),
    "unknown_key": Refusal(
        404,
        "link",
        _("Nobody works under this address"),
        _("The link was changed, or the requester no longer takes work in here."),
        _("Go back to Toloka. If Start leads here again, tell the requester."),
    ),
    "several_accounts": Refusal(
        404,
        "link",
        _("This link doesn't say whose task it is"),
        _("Several requesters work here, and each has a link of his own."),
        _("Go back to Toloka. If Start leads here again, tell the requester."),
    ),
    # The assignment
    "unknown": Refusal(
        404,
        "link",
        _("Toloka doesn't know this assignment"),
        _("It may be from another requester, or it may be gone by now."),
        _PRESS_START,
    ),
    "not_ours": Refusal(
        404,
        "link",
        _("This task is not done here"),
        _("The assignment is from a pool that doesn't belong to this site."),
        _OTHER_TASK,
    ),
    "not_active": Refusal(
        410,
        "time",
        _("This assignment is over"),
        _("It was already handed in or given back, or its time ran out."),
        _("To do more, go back to Toloka and press Start again."),
    ),
    "visit_over": Refusal(
        410,
        "done",
        _("You have finished this visit"),
        _("Everything you sent is kept. Thank you!"),
        _("To do more, go back to Toloka and press Start again."),
    ),
    # Now is not the time
    "toloka_down": Refusal(
        503,
        "wait",
        _("Toloka doesn't answer"),
        _("We asked Toloka who you are and got no answer. Nothing is lost."),
        _("Leave this page open: it tries again by itself."),
        retries=True,
    ),
    "rate_limited": Refusal(
        429,
        "wait",
        _("Too many tries"),
        _("Too many links that didn't work were opened from your network."),
        _("Leave this page open: it tries again by itself."),
        retries=True,
    ),
    "paused": Refusal(
        503,
        "wait",
        _("Work is paused"),
        _("The requester's connection with Toloka is paused, so that we can't let you in."),
        _("Try again later, or choose another task in Toloka."),
    ),
    # The browser
    "other_browser": Refusal(
        409,
        "wait",
        _("This work is open in another browser"),
        _("It goes on there. If you have closed it, you can go on here in about two minutes."),
        _("Leave this page open: it tries again by itself. What you entered is kept."),
        retries=True,
    ),
    "not_this_browser": Refusal(
        403,
        "stop",
        _("This work belongs to another browser"),
        _("Only the browser in which you pressed Start can open it."),
        _PRESS_START,
    ),
    "no_cookie": Refusal(
        403,
        "stop",
        _("We don't recognise this browser"),
        _("It kept no cookie from us. Without one we can't tell your work from another's."),
        _("Allow cookies for this site, go back to Toloka and press Start."),
    ),
    # The performer and the work: the reasons for which a page with nothing to do may come too
    WaitReason.RESTRICTED: Refusal(
        403,
        "stop",
        _("You can't take this work"),
        _("The requester has closed this work for you."),
        _OTHER_TASK,
    ),
    WaitReason.DONE: Refusal(
        409,
        "done",
        _("You have done it all"),
        _("There is no page here that you haven't done yet. Thank you!"),
        _OTHER_TASK,
    ),
    WaitReason.NONE_FREE_NOW: Refusal(
        409,
        "wait",
        _("No page is free at the moment"),
        _("Others are working on the last pages. One may come free soon."),
        _("Leave this page open: it tries again by itself. Or choose another task in Toloka."),
        retries=True,
    ),
    WaitReason.POOL_CLOSED: Refusal(
        410,
        "time",
        _("This work is closed"),
        _("The requester takes no more answers at the moment."),
        _OTHER_TASK,
    ),
    WaitReason.POOL_COMPLETE: Refusal(
        410,
        "done",
        _("All the work is done"),
        _("Others were quicker: every page has its answers."),
        _OTHER_TASK,
    ),
    WaitReason.BUDGET: Refusal(
        409,
        "time",
        _("The budget is used up"),
        _("The requester can't pay for more pages at the moment."),
        _OTHER_TASK,
    ),
    WaitReason.DEADLINE: Refusal(
        410,
        "time",
        _("The time is over"),
        _("Toloka gives each visit a limited time, and too little of it is left."),
        _("To do more, go back to Toloka and press Start again."),
    ),
}

REFUSALS |= dict.fromkeys(set(WaitReason) - REFUSALS.keys(), REFUSALS["visit_over"])


def render_refusal(
    request: HttpRequest,
    code: str,
    *,
    way_back: str = "",
    retry_after_s: float | None = None,
    until: datetime | None = None,
) -> HttpResponse:
    """Return the page for ``code``, a key of :data:`REFUSALS`.

    ``way_back`` is where the performer came from, Toloka where nothing is known;
    ``retry_after_s`` when another try makes sense; ``until`` when a restriction ends.
    """
    refusal = REFUSALS[code]
    retry_s = None
    if refusal.retries:
        wanted = USUAL_RETRY_S if retry_after_s is None else round(retry_after_s)
        retry_s = min(max(wanted, SOONEST_RETRY_S), LATEST_RETRY_S)
    context = {
        "refusal": refusal,
        "icon": f"labeling/icons/{refusal.icon}.svg",
        "way_back": way_back or API_URLS[Environment.PRODUCTION],
        "retry_s": retry_s,
        "until": until,
    }
    with translation.override(choose_language(request)):
        response = render(request, "labeling/refusal.html", context, status=refusal.status)
        response.headers["Content-Language"] = translation.get_language()
    if retry_s is not None:
        response.headers["Retry-After"] = str(retry_s)
    response.headers["Cache-Control"] = "no-store"
    # The address may hold an assignment id, which is nobody else's to know.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
