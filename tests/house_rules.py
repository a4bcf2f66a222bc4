"""AST rules of the code base that no ready-made linter offers.

A rule takes one module and yields `(line, reason)` for each violation. `tests/unit/
test_house_rules.py` runs every rule over the package, and proves that each one fails on a
violation planted into a real module.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import moderado
from moderado.core import quotas

SOURCE = Path(moderado.__file__).parent

LONGEST_MODULE = 300
LONGEST_FUNCTION = 40
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "misc", "data", "info", "base_service"}
WRITES = {
    "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "update", "save",
    "delete", "acreate", "aupdate", "asave", "adelete",
}  # fmt: skip
LOG_METHODS = {"debug", "info", "warning", "error", "critical", "exception"}
NETWORK = {"requests", "httpx", "httpx2", "urllib", "socket", "redis", "client", "urlopen"}

# Coroutines live in entry points and in the network calls of providers.
ASYNC_PLACES = (
    "realtime/",
    "api/health.py",
    "api/http_handler.py",
    "api/enforcement/zip_stream.py",
    "config/asgi.py",
    "core/file_blocks.py",  # the body of an answer that streams
    "moderation/providers/",
)
# Services write rows, and so does the user manager that Django requires.
WRITING_PLACES = ("/services/", "accounts/models.py")

# The one package that publishes to the channel layer, and the calls that publish.
PUBLISHING_PLACE = "realtime/pubsub/"
PUBLISHING_CALLS = {"send_now", "group_send_now", "group_send"}
TRANSACTION_DEMAND = "requires a transaction"

# Where `config.urls` mounts the routes of a module. It mounts the admin itself.
MOUNTED_AT = {
    "api/urls.py": "api/",
    "api/judge/urls.py": "",
    "realtime/urls.py": "",
    "web/urls.py": "",
    "config/urls.py": "",
}
FRAMES_PLACE = "realtime/wire/client_frames.py"
HTTP_METHODS = {"get", "post", "put", "patch", "delete"}


@dataclass(frozen=True)
class Module:
    path: str  # below src/moderado, with slashes
    text: str

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the syntax tree, as `ast.walk` orders them."""
        return list(ast.walk(ast.parse(self.text)))

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [node for node in self.nodes if isinstance(node, kinds)]

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in self.nodes if isinstance(node, ast.Call))

    def is_in(self, places: tuple[str, ...]) -> bool:
        return any(place in f"/{self.path}" for place in places)


OUTBOX_PLACES = ("realtime/transport/", "realtime/rooms/connection.py")

Violations = Iterator[tuple[int, str]]
Rule = Callable[[Module], Violations]


def module_length_is_limited(module: Module) -> Violations:
    lines = len(module.text.splitlines())
    if lines > LONGEST_MODULE:
        yield lines, f"{lines} lines"


def function_length_is_limited(module: Module) -> Violations:
    for node in module.functions:
        lines = (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node)
        if lines > LONGEST_FUNCTION:
            yield node.lineno, f"{node.name} has {lines} lines"


def vague_names_are_forbidden(module: Module) -> Violations:
    path = PurePosixPath(module.path)
    for name in {*path.parts[:-1], path.stem} & FORBIDDEN_NAMES:
        yield 1, f"a module called {name}"
    for node in module.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = node.name.strip("_").lower()
            is_vague = name in FORBIDDEN_NAMES or name.startswith("handle_")
            if is_vague and not _is_named_by_others(node):
                yield node.lineno, f"{node.name} is a vague name"


def coroutines_stay_in_entry_points(module: Module) -> Violations:
    if not module.is_in(ASYNC_PLACES):
        for node in module.functions:
            if isinstance(node, ast.AsyncFunctionDef):
                yield node.lineno, f"async def {node.name}"


def only_services_write_rows(module: Module) -> Violations:
    if module.is_in(WRITING_PLACES):
        return
    for call in module.calls():
        if isinstance(call.func, ast.Attribute) and _is_write(call, call.func):
            yield call.lineno, f".{call.func.attr}() outside of services"


def log_events_are_constants(module: Module) -> Violations:
    for call in module.calls():
        if not (isinstance(call.func, ast.Attribute) and call.func.attr in LOG_METHODS):
            continue
        if not _names(call.func.value) & {"log", "logger", "_log", "_logger"} or not call.args:
            continue
        event = call.args[0]
        if not (isinstance(event, ast.Constant) and _is_snake_case(event.value)):
            yield call.lineno, "a log event is a snake_case constant"


def only_pubsub_publishes_to_the_channel_layer(module: Module) -> Violations:
    if not module.path.startswith(PUBLISHING_PLACE):
        yield from _mentions(module, PUBLISHING_CALLS)


def only_connections_write_to_the_outbox(module: Module) -> Violations:
    """A connection writes what an access admits (ADR 0041)."""
    if module.path.startswith("realtime/") and not module.is_in(OUTBOX_PLACES):
        yield from _mentions(module, {"write_now"})
        for call in module.calls():
            if ast.unparse(call.func).endswith("outbox.append"):
                yield call.lineno, "writes to the outbox"


def only_core_events_uses_on_commit(module: Module) -> Violations:
    if module.path != "core/events.py":
        yield from _mentions(module, {"on_commit", "delay_on_commit"})


def only_configuration_reads_the_environment(module: Module) -> Violations:
    allowed = ("config/env.py", "config/celery.py", "config/asgi.py", "standalone/")
    if not module.is_in(allowed):
        yield from _mentions(module, {"environ", "getenv", "environb"})


def row_locks_name_their_tables(module: Module) -> Violations:
    """Without `of` the joined tables are locked too; without `no_key`, inserts that reference
    the row wait for the lock."""
    for call in module.calls():
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "select_for_update"):
            continue
        if not {keyword.arg for keyword in call.keywords} & {"of", "no_key"}:
            yield call.lineno, "select_for_update() without of or no_key"


def no_blocking_call_inside_a_transaction(module: Module) -> Violations:
    for node in module.nodes:
        if isinstance(node, ast.With):
            openers = [item.context_expr for item in node.items]
        elif isinstance(node, ast.FunctionDef):
            openers = node.decorator_list
        else:
            continue
        if any(map(_is_atomic, openers)):
            yield from _blocking_calls(node.body)


def demanded_transactions_are_checked(module: Module) -> Violations:
    """A docstring that says "Requires a transaction." needs the executable form beside it."""
    for node in module.functions:
        if TRANSACTION_DEMAND in (ast.get_docstring(node) or "").lower():
            called = {call.func.id for call in _calls(node) if isinstance(call.func, ast.Name)}
            if "require_transaction" not in called:
                yield node.lineno, f"{node.name} does not call require_transaction()"


def routes_have_a_quota_class(module: Module) -> Violations:
    """`core.quotas.ROUTES` names every route. A module of routes has a known place."""
    if not module.path.endswith("urls.py"):
        return
    if module.path not in MOUNTED_AT:
        yield 1, "MOUNTED_AT in tests/house_rules.py does not know this module"
        return
    known = {route.partition(" ")[2] for route in quotas.ROUTES}
    for line, route in _routes(module):
        mounted = MOUNTED_AT[module.path] + route
        if mounted not in known and f"{mounted}*" not in known:
            yield line, f"core.quotas.ROUTES has no class for {mounted!r}"


def methods_have_a_quota_class(module: Module) -> Violations:
    """`core.quotas.ROUTES` names every method of the views of REST and of the pages."""
    for node in module.nodes:
        routes = _ROUTES_OF_VIEWS.get((module.path, getattr(node, "name", "")))
        for method in _methods(node) if routes else ():
            for route in routes or ():
                if f"{method} {route}" not in quotas.ROUTES:
                    yield node.lineno, f"core.quotas.ROUTES has no class for {method} {route!r}"


def frames_have_a_quota_class(module: Module) -> Violations:
    if module.path != FRAMES_PLACE:
        return
    for node in module.nodes:
        if isinstance(node, ast.ClassDef) and "ClientFrame" in map(ast.unparse, node.bases):
            for keyword in node.keywords:
                if keyword.arg == "tag" and ast.literal_eval(keyword.value) not in quotas.FRAMES:
                    yield node.lineno, f"core.quotas.FRAMES has no class for {node.name}"


RULES: tuple[Rule, ...] = (
    module_length_is_limited,
    function_length_is_limited,
    vague_names_are_forbidden,
    coroutines_stay_in_entry_points,
    only_services_write_rows,
    log_events_are_constants,
    only_pubsub_publishes_to_the_channel_layer,
    only_connections_write_to_the_outbox,
    only_core_events_uses_on_commit,
    only_configuration_reads_the_environment,
    row_locks_name_their_tables,
    no_blocking_call_inside_a_transaction,
    demanded_transactions_are_checked,
    routes_have_a_quota_class,
    methods_have_a_quota_class,
    frames_have_a_quota_class,
)


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The limit is on code: documentation of arguments and errors must not cost any."""
    first = node.body[0]
    if ast.get_docstring(node) is None or not isinstance(first, ast.Expr):
        return 0
    return (first.end_lineno or first.lineno) - first.lineno + 1


def _is_named_by_others(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Whether a method overrides a library's: it then calls the same name on `super()`."""
    return any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr == node.name
        and isinstance(call.func.value, ast.Call)
        and "super" in _names(call.func.value.func)
        for call in _calls(node)
    )


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _names(node: ast.AST) -> set[str]:
    """Every name and attribute in an expression."""
    found = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return found | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}


def _mentions(module: Module, names: set[str]) -> Violations:
    for node in module.nodes:
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
        if name in names and isinstance(node, ast.Attribute | ast.Name):
            yield node.lineno, f"{name} is not allowed in this module"
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name in names:
                    yield node.lineno, f"{alias.name} is not allowed in this module"


def _is_write(call: ast.Call, called: ast.Attribute) -> bool:
    """Mappings and caches share these method names, but do not take columns as keywords."""
    if called.attr not in WRITES:
        return False
    named = bool(call.keywords) and not call.args
    return (
        "objects" in _names(called.value)
        or called.attr.startswith(("save", "asave", "bulk_"))
        or (called.attr in {"delete", "adelete"} and not call.args)
        or named
    )


def _is_snake_case(value: object) -> bool:
    return isinstance(value, str) and value.isidentifier() and value == value.lower()


def _is_atomic(expression: ast.expr) -> bool:
    called = expression.func if isinstance(expression, ast.Call) else expression
    return "atomic" in _names(called)


def _blocking_calls(body: list[ast.stmt]) -> Violations:
    for statement in body:
        for call in _calls(statement):
            names = _names(call.func)
            if "sleep" in names or names & NETWORK:
                yield call.lineno, f"{ast.unparse(call.func)}() inside a transaction"


def _routes(module: Module) -> Iterator[tuple[int, str]]:
    """The line and the route of each `path()` of a view; the catch-all and includes left out."""
    for call in module.calls():
        if isinstance(call.func, ast.Name) and call.func.id in {"path", "re_path"}:
            route, view = ast.literal_eval(call.args[0]), ast.unparse(call.args[1])
            if not view.startswith(("include(", "Unknown.")):
                yield call.lineno, route


def _views(package: str) -> Iterator[tuple[tuple[str, str], str]]:
    """The module and the name of each view of a package, with its route."""
    path = f"{package}/urls.py"
    module = Module(path=path, text=(SOURCE / path).read_text())
    for call in module.calls():
        if isinstance(call.func, ast.Name) and call.func.id == "path":
            name, _, view = ast.unparse(call.args[1]).removesuffix(".as_view()").rpartition(".")
            route = MOUNTED_AT[path] + ast.literal_eval(call.args[0])
            yield (f"{package}/{name}.py", view), route


def _routes_of_views() -> dict[tuple[str, str], list[str]]:
    routes: dict[tuple[str, str], list[str]] = {}
    for view, route in (*_views("api"), *_views("api/judge"), *_views("web")):
        routes.setdefault(view, []).append(route)
    return routes


def _methods(node: ast.AST) -> set[str]:
    """The HTTP methods of a view: a class's own, or those that a function's decorators allow."""
    if isinstance(node, ast.ClassDef):
        return {each.name.upper() for each in _functions_of(node) if each.name in HTTP_METHODS}
    if not isinstance(node, ast.FunctionDef):
        return set()
    written = " ".join(map(ast.unparse, node.decorator_list))
    if "require_http_methods" in written:
        return {method.upper() for method in HTTP_METHODS if f"'{method.upper()}'" in written}
    return {"POST"} if "require_POST" in written else {"GET"}


def _functions_of(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [each for each in node.body if isinstance(each, ast.FunctionDef)]


_ROUTES_OF_VIEWS = _routes_of_views()
