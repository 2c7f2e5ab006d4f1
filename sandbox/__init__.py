"""A stand-in Toloka: the requester API, a performer's page and a page of faults, in one process.

It shares no code and no database with the product, so that an error of one cannot hide in the
other. Start it with ``python -m sandbox``; ``docs/sandbox.md`` describes it.
"""
