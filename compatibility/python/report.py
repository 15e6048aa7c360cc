"""Prints what a step gave, or the error that it raised, so that a script goes on and both runs can be compared to the end."""
import decimal


def plain(value):
    """Without addresses, pids and what has no order."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, decimal.Decimal):
        return f"Decimal({value})"
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def told(error):
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    state = state or getattr(getattr(error, "orig", None) or error.__cause__, "pgcode", None)
    return f"{type(error).__module__}.{type(error).__name__} {state} {' | '.join(str(error).split(chr(10)))}"


def step(name, function):
    try:
        print(f"{name}: {plain(function())!r}", flush=True)
    except Exception as error:
        print(f"{name}: {told(error)}", flush=True)


async def astep(name, awaitable):
    try:
        print(f"{name}: {plain(await awaitable)!r}", flush=True)
    except Exception as error:
        print(f"{name}: {told(error)}", flush=True)
