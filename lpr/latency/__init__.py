"""How long a frame takes: measuring, machine fingerprints, budgets, records and their history."""
