"""Reading the versions that pools pin."""

from functools import lru_cache

from labeling.models import ProjectVersion


@lru_cache(maxsize=512)
def get_version(pk: int) -> ProjectVersion:
    """Return a version from this process's memory; it never changes, so it never goes stale."""
    return ProjectVersion.objects.select_related("project").get(pk=pk)
