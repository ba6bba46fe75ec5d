"""Characters that a reader takes for each other; they live in `lpr.formats.confusables`."""

from lpr.formats.confusables import MAX_UNFOLDED, Confusables, collisions

__all__ = ["MAX_UNFOLDED", "Confusables", "collisions"]
