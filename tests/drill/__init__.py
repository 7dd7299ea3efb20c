"""A drill for bad days: what happens to files, disks, servers and settings, many times over."""
