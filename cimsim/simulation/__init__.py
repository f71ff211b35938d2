"""A running simulation: CIMOMs made from loaded packs and options, behind their fronts. Here everything is put together."""
