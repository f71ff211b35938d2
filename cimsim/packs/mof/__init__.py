"""The MOF front end: from text to declarations in a world, in DMTF's MOF (DSP0004, annex A) and in that of Windows.

The way of a file, with the modules in the order in which it passes them:

1. ``pack_compiler``: takes the files of a pack, namespace by namespace.
2. ``dialect``: bytes to text. ``mof_source``: offsets in the text as lines and columns, for errors.
3. ``lexer``, ``mof_parser``: text to the nodes of ``syntax_tree``. ``mof_errors``: what can be wrong up to here.
4. ``namespace_compiler``: enters the nodes one by one, and finds the classes and files that they need.
5. ``class_builder``: nodes to ``pywbem`` classes and qualifier declarations; ``windows_qualifiers``: those that Windows leaves
   undeclared.
6. ``pending_instances``: instances, once all classes are there. ``compilation_context``: what the namespaces of a pack share.
7. ``declarations``: puts each declaration into the world. The cache stores these, and loading them again goes the same way.

Of the rest of ``packs`` it knows ``pack_errors`` alone.
"""
