"""Show the whole main job on one machine."""
