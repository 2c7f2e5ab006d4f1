"""A text column that is encrypted at rest under ``FIELD_KEYS``."""

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # generic for mypy only
    """Text that only this installation's ``FIELD_KEYS`` can read back.

    The first key encrypts, all decrypt: a new key is put in front, the old one kept until every
    row was written again. An empty text is stored empty. Looking rows up by this column is
    impossible, as every encryption of a text differs.
    """

    def from_db_value(self, value: str | None, *_args: Any) -> str | None:
        if not value:
            return value
        try:
            return _cipher(tuple(settings.FIELD_KEYS)).decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise ImproperlyConfigured(
                f"{self.model._meta.label}.{self.name} was encrypted under a key that FIELD_KEYS "
                "no longer has; put the old key back, after the new one"
            ) from error

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        if not text:
            return text
        return _cipher(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode()
