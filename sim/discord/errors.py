"""Say no the way Discord does: a status, a code, a message, and where the body is wrong."""

from typing import Any

JSON = dict[str, Any]
Path = tuple[str | int, ...]


class ApiError(Exception):
    """Be one refusal of the REST API."""

    def __init__(self, status: int, code: int, message: str, errors: JSON | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> JSON:
        """Give the JSON body of the refusal."""
        body: JSON = {"message": self.message, "code": self.code}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


class Form:
    """Collect everything wrong with a request body, each thing at its path."""

    def __init__(self) -> None:
        self.problems: list[tuple[Path, str, str]] = []

    def add(self, path: Path, code: str, message: str) -> None:
        """Note one problem."""
        self.problems.append((path, code, message))

    def required(self, path: Path) -> None:
        """Note that something must be there."""
        self.add(path, "BASE_TYPE_REQUIRED", "This field is required")

    def text(self, value: Any, path: Path, *, low: int = 0, high: int, required: bool = False) -> None:
        """Check a string's length in characters; None counts as absent."""
        if value is None:
            if required:
                self.required(path)
            return
        if not isinstance(value, str):
            self.add(path, "STRING_TYPE_CONVERT", "Could not interpret as string.")
        elif not low <= len(value) <= high:
            self._bad_length(path, low, high)

    def count(self, value: Any, path: Path, *, low: int = 0, high: int) -> list[Any]:
        """Check an array's length; give the array, or an empty one when it is not an array."""
        if value is None:
            if low:
                self.required(path)
            return []
        if not isinstance(value, list):
            self.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        if not low <= len(value) <= high:
            self._bad_length(path, low, high)
        return value

    def number(self, value: Any, path: Path, *, low: float, high: float) -> None:
        """Check a number's range; None counts as absent."""
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        elif value < low:
            self.add(path, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {low}.")
        elif value > high:
            self.add(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {high}.")

    def choice(self, value: Any, path: Path, allowed: frozenset[int] | frozenset[str]) -> bool:
        """Check that the value is one of those allowed."""
        if value in allowed:
            return True
        listed = ", ".join(str(one) for one in sorted(allowed))
        self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")
        return False

    def done(self) -> None:
        """Raise 50035 with the tree of problems when there are any."""
        if not self.problems:
            return
        tree: JSON = {}
        for path, code, message in self.problems:
            node = tree
            for step in path:
                node = node.setdefault(str(step), {})
            node.setdefault("_errors", []).append({"code": code, "message": message})
        raise ApiError(400, 50035, "Invalid Form Body", tree)

    def _bad_length(self, path: Path, low: int, high: int) -> None:
        if low:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        else:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")


def unknown(what: str, code: int) -> ApiError:
    """Make a 404 of Discord's "Unknown ..." family."""
    return ApiError(404, code, f"Unknown {what}")
