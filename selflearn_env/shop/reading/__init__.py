"""A log becomes a ledger: files, columns, cleaning, dates."""
