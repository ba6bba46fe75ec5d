"""Following plates over time."""

from lpr.track.options import TrackerOptions
from lpr.track.tracker import PlateTracker

__all__ = ["PlateTracker", "TrackerOptions"]
