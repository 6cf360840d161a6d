"""Token swap: the rows of a name in the token table become the anchor's. A baseline, and an example."""
