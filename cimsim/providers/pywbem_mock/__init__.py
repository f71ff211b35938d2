"""Mock scripts of pywbem: their connection and their providers, on a world of ours.

pywbem's module ``pywbem_mock`` mocks a WBEM server inside a Python program. A mock script fills such a server: it gets a
``FakedWBEMConnection``, adds classes and instances, and registers providers, which then carry out methods and act when
instances are written. Here the connection's CIM repository is one that reads and writes the transaction which is going on
(``stores``, ``mock_repository``), so that scripts and their providers work as they are on our world, and what a provider did is
dropped when it raises. For clients they act as the providers of packs do (``registered_providers``).

Only what loads a script imports these modules: ``pywbem_mock`` is not small.
"""
