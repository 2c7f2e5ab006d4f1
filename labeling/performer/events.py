"""Where Toloka tells what happens to our cards."""

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integration import jobs, webhooks
from integration.webhooks import WebhookRefused
from labeling.nudge import nudge

STATUS = {"unknown_key": 404, "bad_signature": 403, "too_old": 403, "malformed": 400}


@csrf_exempt  # signed by Toloka; no browser sends it
@require_POST
def receive_events(request: HttpRequest, arrival_key: str) -> JsonResponse:
    """Take a signed delivery of events; a repeated one is answered as the first."""
    try:
        taken = webhooks.receive(
            arrival_key=arrival_key,
            signature=request.headers.get("Toloka-Signature", ""),
            body=request.body,
            now=timezone.now(),
        )
    except WebhookRefused as refused:
        return JsonResponse({"code": refused.code}, status=STATUS[refused.code])
    nudge(jobs.refresh_listings)
    return JsonResponse({"taken": taken})
