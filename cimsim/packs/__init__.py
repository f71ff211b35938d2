"""Loading mock packs into a world: MOF, providers, settings.

``load`` is the front door, and calls in this order:

1. ``order``, ``locate``, ``manifest``, ``manifest_cache``: which packs, where they lie, what their ``pack.toml`` says.
   ``schema_pack`` and ``schema_trees`` make a pack of a folder or an archive of MOF files, ``scripts`` runs those of
   pywbem_mock.
2. ``settings``: what a user sets, else the defaults; ``faults``: methods that a setting makes fail.
3. ``build``: puts the MOF of each pack into the world, from the ``cache`` (``cache_encoding``, ``permissions``) or through the
   front end in ``mof``.
4. ``pages``: what the console shows of a pack, compared with its classes.
5. ``provider_module``, ``modules``: import ``providers.py``, run its ``populate``, make its providers.

``check`` looks a loaded pack over, ``create`` writes a new one. ``pack_errors`` is what all of them raise.
"""
