"""Keep everything in one SQLite file: WAL, synchronous=FULL, one writer thread with group commit."""
