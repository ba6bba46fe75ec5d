"""Will this camera read plates? Computed from its geometry, or measured from its pictures."""
