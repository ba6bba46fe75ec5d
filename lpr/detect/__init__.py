"""Finding plates: the network's maps, its canvases, the detector and where it looks."""
