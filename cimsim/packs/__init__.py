"""Mock packs: folders of MOF, settings and providers, loaded into a world."""
