"""From a result to the bytes of a response.

``encoder`` writes the envelope around what the others make of a result:

* ``instance_writer``: instances, rendered once each and kept; ``instance_with_path_writer``: these with absolute paths.
* ``class_writer``: classes and qualifier declarations, rendered once for each view of them.
* ``error_writer``: CIM errors.

Below them: ``embedded_object_writer`` and ``value_writer`` (values of properties and parameters), ``path_writer`` (names and
paths), ``scalar_writer`` (values of one type), ``xml_escape``.
"""
