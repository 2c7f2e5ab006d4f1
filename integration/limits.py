"""Rates shared by all processes, kept in Redis. Where Redis is down nobody is held up."""

import hashlib
import logging
import time
from functools import lru_cache
from typing import Any, Final

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

FAILED_LOOKUPS: Final = 20
FAILED_LOOKUPS_WINDOW_S: Final = 600
# A dead Redis costs one time-out in this time, not one for every call.
TRUST_AGAIN_S: Final = 5.0

# A bucket of tokens that fills with time, in one step, by the clock of Redis alone.
# KEYS[1] the bucket; ARGV: tokens a second, most tokens. Answers the milliseconds to wait, 0: go.
_TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local rate, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local saved = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(saved[1]) or most
local at = tonumber(saved[2]) or now
tokens = math.min(most, tokens + math.max(0, now - at) * rate / 1000)
local wait = 0
if tokens >= 1 then tokens = tokens - 1 else wait = math.ceil((1 - tokens) * 1000 / rate) end
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], 60000)
return wait
"""

_distrusted_until = 0.0


@lru_cache(maxsize=1)
def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=0.2,
        socket_connect_timeout=0.2,
        retry=Retry(NoBackoff(), 0),
    )


def _ask(*command: Any) -> Any:
    """Run a command; None where Redis does not answer."""
    global _distrusted_until
    if time.monotonic() < _distrusted_until:
        return None
    try:
        return _redis().execute_command(*command)  # type: ignore[no-untyped-call]
    except (redis.RedisError, OSError) as error:
        _distrusted_until = time.monotonic() + TRUST_AGAIN_S
        logger.warning("rate limits are off: Redis does not answer (%s)", type(error).__name__)
        return None


def take_turn(account_id: int, per_second: int) -> float:
    """Take the turn of one submit; return the seconds to wait before asking again, 0: go."""
    rate = max(per_second, 1)
    wait_ms = _ask("EVAL", _TAKE, 1, f"submits:{account_id}", rate, rate)
    return int(wait_ms) / 1000 if wait_ms else 0.0


def _lookups_key(address: str) -> str:
    return "failed_lookups:" + hashlib.sha256(address.encode()).hexdigest()[:32]


def count_failed_lookup(address: str) -> None:
    """Remember that an arrival from ``address`` led nowhere."""
    key = _lookups_key(address)
    if _ask("INCR", key) == 1:
        _ask("EXPIRE", key, FAILED_LOOKUPS_WINDOW_S)


def wait_for_lookup(address: str) -> int:
    """Return for how many seconds ``address`` may not look anything up, 0: it may."""
    key = _lookups_key(address)
    if int(_ask("GET", key) or 0) < FAILED_LOOKUPS:
        return 0
    left = int(_ask("TTL", key) or 0)
    if left < 0:  # counted by a process that died before it set the time
        _ask("EXPIRE", key, FAILED_LOOKUPS_WINDOW_S)
        left = FAILED_LOOKUPS_WINDOW_S
    return max(left, 1)
