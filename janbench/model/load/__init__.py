"""How load is described: shapes, rates, arrivals, plans."""
