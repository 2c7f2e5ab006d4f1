"""The cache on Redis: quick when Redis is there, absent when it is not."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)
T = TypeVar("T")


class FailOpenRedisCache(RedisCache):
    """A cache that knows nothing while Redis is down, instead of failing its caller.

    Reads give the default, writes are lost, and a count starts anew with each call: a rate limit
    lets everyone through.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        params.setdefault("OPTIONS", {})["retry"] = Retry(NoBackoff(), 0)
        super().__init__(server, params)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return _try(lambda: super(FailOpenRedisCache, self).get(key, default, version), default)

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return _try(lambda: super(FailOpenRedisCache, self).get_many(keys, version), {})

    def set(self, *args: Any, **options: Any) -> None:
        _try(lambda: super(FailOpenRedisCache, self).set(*args, **options), None)

    def set_many(self, *args: Any, **options: Any) -> list[Any]:
        return _try(lambda: super(FailOpenRedisCache, self).set_many(*args, **options), [])

    def add(self, *args: Any, **options: Any) -> bool:
        return _try(lambda: super(FailOpenRedisCache, self).add(*args, **options), True)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return _try(lambda: super(FailOpenRedisCache, self).incr(key, delta, version), delta)

    def touch(self, *args: Any, **options: Any) -> bool:
        return _try(lambda: super(FailOpenRedisCache, self).touch(*args, **options), False)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return _try(lambda: super(FailOpenRedisCache, self).delete(key, version), False)

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        _try(lambda: super(FailOpenRedisCache, self).delete_many(keys, version), None)

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return _try(lambda: super(FailOpenRedisCache, self).has_key(key, version), False)

    def clear(self) -> None:
        _try(lambda: super(FailOpenRedisCache, self).clear(), None)


def _try(call: Callable[[], T], otherwise: T) -> T:
    try:
        return call()
    except (RedisError, OSError) as error:
        logger.warning("cache: Redis does not answer (%s)", type(error).__name__)
        return otherwise
