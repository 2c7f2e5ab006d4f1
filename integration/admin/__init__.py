"""The admin's pages about the outside world: accounts, cards, visits, money going out."""

from integration.admin import accounts, audit, listings, payments, visits

__all__ = ["accounts", "audit", "listings", "payments", "visits"]
