"""CIM errors by name: each function makes the ``pywbem.CIMError`` of one status code (rules E1 to E7)."""

from pywbem import (
    CIM_ERR_ACCESS_DENIED,
    CIM_ERR_ALREADY_EXISTS,
    CIM_ERR_CLASS_HAS_CHILDREN,
    CIM_ERR_CLASS_HAS_INSTANCES,
    CIM_ERR_CONTINUATION_ON_ERROR_NOT_SUPPORTED,
    CIM_ERR_FAILED,
    CIM_ERR_INVALID_CLASS,
    CIM_ERR_INVALID_ENUMERATION_CONTEXT,
    CIM_ERR_INVALID_NAMESPACE,
    CIM_ERR_INVALID_OPERATION_TIMEOUT,
    CIM_ERR_INVALID_PARAMETER,
    CIM_ERR_INVALID_QUERY,
    CIM_ERR_INVALID_SUPERCLASS,
    CIM_ERR_METHOD_NOT_AVAILABLE,
    CIM_ERR_METHOD_NOT_FOUND,
    CIM_ERR_NAMESPACE_NOT_EMPTY,
    CIM_ERR_NO_SUCH_PROPERTY,
    CIM_ERR_NOT_FOUND,
    CIM_ERR_NOT_SUPPORTED,
    CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED,
    CIM_ERR_SERVER_IS_SHUTTING_DOWN,
    CIM_ERR_SERVER_LIMITS_EXCEEDED,
    CIM_ERR_TYPE_MISMATCH,
    CIMError,
)


def described(error: BaseException) -> str:
    """Return what an exception is and says: ``KeyError: 'Onn'``; many of them say little without their type."""
    name = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the text of an exception may be made by code of a pack, which may fail
        text = ""
    return f"{name}: {text}" if text else name


def failed(text: str) -> CIMError:
    """Return CIM_ERR_FAILED: nothing more exact applies."""
    return CIMError(CIM_ERR_FAILED, text)


def access_denied(text: str) -> CIMError:
    """Return CIM_ERR_ACCESS_DENIED."""
    return CIMError(CIM_ERR_ACCESS_DENIED, text)


def invalid_namespace(text: str) -> CIMError:
    """Return CIM_ERR_INVALID_NAMESPACE."""
    return CIMError(CIM_ERR_INVALID_NAMESPACE, text)


def invalid_parameter(text: str) -> CIMError:
    """Return CIM_ERR_INVALID_PARAMETER."""
    return CIMError(CIM_ERR_INVALID_PARAMETER, text)


def invalid_class(text: str) -> CIMError:
    """Return CIM_ERR_INVALID_CLASS."""
    return CIMError(CIM_ERR_INVALID_CLASS, text)


def invalid_superclass(text: str) -> CIMError:
    """Return CIM_ERR_INVALID_SUPERCLASS."""
    return CIMError(CIM_ERR_INVALID_SUPERCLASS, text)


def not_found(text: str) -> CIMError:
    """Return CIM_ERR_NOT_FOUND."""
    return CIMError(CIM_ERR_NOT_FOUND, text)


def not_supported(text: str) -> CIMError:
    """Return CIM_ERR_NOT_SUPPORTED."""
    return CIMError(CIM_ERR_NOT_SUPPORTED, text)


def class_has_children(text: str) -> CIMError:
    """Return CIM_ERR_CLASS_HAS_CHILDREN."""
    return CIMError(CIM_ERR_CLASS_HAS_CHILDREN, text)


def class_has_instances(text: str) -> CIMError:
    """Return CIM_ERR_CLASS_HAS_INSTANCES."""
    return CIMError(CIM_ERR_CLASS_HAS_INSTANCES, text)


def namespace_not_empty(text: str) -> CIMError:
    """Return CIM_ERR_NAMESPACE_NOT_EMPTY."""
    return CIMError(CIM_ERR_NAMESPACE_NOT_EMPTY, text)


def already_exists(text: str) -> CIMError:
    """Return CIM_ERR_ALREADY_EXISTS."""
    return CIMError(CIM_ERR_ALREADY_EXISTS, text)


def no_such_property(text: str) -> CIMError:
    """Return CIM_ERR_NO_SUCH_PROPERTY."""
    return CIMError(CIM_ERR_NO_SUCH_PROPERTY, text)


def type_mismatch(text: str) -> CIMError:
    """Return CIM_ERR_TYPE_MISMATCH."""
    return CIMError(CIM_ERR_TYPE_MISMATCH, text)


def method_not_available(text: str) -> CIMError:
    """Return CIM_ERR_METHOD_NOT_AVAILABLE: declared, but nothing carries it out."""
    return CIMError(CIM_ERR_METHOD_NOT_AVAILABLE, text)


def method_not_found(text: str) -> CIMError:
    """Return CIM_ERR_METHOD_NOT_FOUND: not declared."""
    return CIMError(CIM_ERR_METHOD_NOT_FOUND, text)


def invalid_enumeration_context(text: str) -> CIMError:
    """Return CIM_ERR_INVALID_ENUMERATION_CONTEXT."""
    return CIMError(CIM_ERR_INVALID_ENUMERATION_CONTEXT, text)


def invalid_operation_timeout(text: str) -> CIMError:
    """Return CIM_ERR_INVALID_OPERATION_TIMEOUT."""
    return CIMError(CIM_ERR_INVALID_OPERATION_TIMEOUT, text)


def continuation_on_error_not_supported(text: str) -> CIMError:
    """Return CIM_ERR_CONTINUATION_ON_ERROR_NOT_SUPPORTED."""
    return CIMError(CIM_ERR_CONTINUATION_ON_ERROR_NOT_SUPPORTED, text)


def server_limits_exceeded(text: str) -> CIMError:
    """Return CIM_ERR_SERVER_LIMITS_EXCEEDED."""
    return CIMError(CIM_ERR_SERVER_LIMITS_EXCEEDED, text)


def server_is_shutting_down(text: str) -> CIMError:
    """Return CIM_ERR_SERVER_IS_SHUTTING_DOWN."""
    return CIMError(CIM_ERR_SERVER_IS_SHUTTING_DOWN, text)


def query_language_not_supported(text: str) -> CIMError:
    """Return CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED."""
    return CIMError(CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED, text)


def invalid_query(text: str) -> CIMError:
    """Return CIM_ERR_INVALID_QUERY."""
    return CIMError(CIM_ERR_INVALID_QUERY, text)


def query_feature_not_supported(text: str) -> CIMError:
    """Return CIM_ERR_QUERY_FEATURE_NOT_SUPPORTED, which pywbem has no name for (rule VR-7)."""
    return CIMError(29, text)
