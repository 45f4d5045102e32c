"""The API's errors, each a `Status` object."""

from __future__ import annotations

from typing import Any

_USER = "system:serviceaccount:load:ci"


class RefusalError(Exception):
    """A request that the API answers with an error."""

    def __init__(
        self, code: int, reason: str, message: str, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details or {},
            "code": code,
        }


def qualified(resource: str) -> str:
    """Return a resource's name with its API group, as messages have it."""
    return f"{resource}.k6.io" if resource == "testruns" else resource


def not_found(resource: str, name: str) -> RefusalError:
    """Tell that an object doesn't exist."""
    message = f'{qualified(resource)} "{name}" not found'
    return RefusalError(404, "NotFound", message, {"name": name, "kind": resource})


def no_such_path() -> RefusalError:
    """Tell that the API has no such resource."""
    return RefusalError(404, "NotFound", "the server could not find the requested resource")


def already_exists(resource: str, name: str) -> RefusalError:
    """Tell that an object's name is taken."""
    message = f'{qualified(resource)} "{name}" already exists'
    return RefusalError(409, "AlreadyExists", message, {"name": name, "kind": resource})


def bad_request(message: str) -> RefusalError:
    """Tell that a request can't be served as it is."""
    return RefusalError(400, "BadRequest", message)


def forbidden(
    verb: str, resource: str, subresource: str, namespace: str, name: str
) -> RefusalError:
    """Tell that the user may not do that (RBAC)."""
    group = "k6.io" if resource == "testruns" else ""
    full = f"{resource}/{subresource}" if subresource else resource
    message = (
        f"{qualified(resource)}{f' {chr(34)}{name}{chr(34)}' if name else ''} is forbidden: "
        f'User "{_USER}" cannot {verb} resource "{full}" in API group "{group}" '
        f'in the namespace "{namespace}"'
    )
    return RefusalError(403, "Forbidden", message, {"name": name, "kind": resource, "group": group})
