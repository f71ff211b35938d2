"""Mock packs: folders of MOF, settings and behaviours, loaded into a world."""
