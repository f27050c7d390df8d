"""Answers of a hostile tenant: huge, cut off, nested, of wrong types and labels, with ids that no URL can hold.

The request itself was carried out as usual. What an answer shows is never a lie: a wrong id that could be right, or a
wrong count, is nothing that a client could see through.
"""

from dataclasses import replace

import orjson

from bulkscim.model.request import Loss, NoAnswer, Response

UNUSABLE = ("..", ".", "", " ", None, True, [], {"value": "u1"}, 2.5)  # as an id
ODD = (5, "a/b", "x" * 300, "..%2f..", "ü", "0")  # ids of resources that are not there
NOT_A_NUMBER = ("many", -1, None, [], {}, True, 2.5, "7 of 9", "9" * 30)
NOT_A_LIST = (None, {}, [], "", 5, [None], ["u1"], [[]], {"id": 5})
NOT_AN_OBJECT = ([], "text", 5, True, None, [1, [2]])
LABELS = ("text/html; charset=utf-16", "application/xml", "", "application/json; charset=" + "x" * 400)
BULKY = 300 * 1024  # more than the journal keeps of a created resource
GOOD = range(200, 300)


def spoilt(random, request, reply):
    """Return an answer as a hostile tenant gives it; its status is kept."""
    kinds = [_huge, _bulky, _cut, _nested, _not_an_object, _wrong_types, _labelled]
    return random.choice(kinds)(random, request, reply)


def odd_ids(random, request, reply):
    """Return an answer in which a resource has an id that no URL can hold, or has one beside it with an odd id."""
    body = _object(reply)
    found = body.get("Resources", [body] if "id" in body else [])
    if not found or reply.status not in GOOD:
        return reply
    if "Resources" in body and "filter=" in request.path and random.random() < 0.5:
        return _with(reply, {**body, "Resources": [*found, {"id": random.choice(ODD), "userName": "ghost"}]})
    chosen = random.randrange(len(found))
    found = [one if n != chosen else {**one, "id": random.choice(UNUSABLE)} for n, one in enumerate(found)]
    return _with(reply, {**body, "Resources": found} if "Resources" in body else found[0])


def _object(reply):
    body = orjson.loads(reply.body) if reply.body[:1] == b"{" else {}
    return body if isinstance(body, dict) else {}


def _with(reply, body):
    return replace(reply, body=orjson.dumps(body))


def _huge(random, request, reply):
    """More than the bound: the transport gives up, and knows the status alone."""
    return NoAnswer(
        Loss.CUT,
        f"{reply.status}, but the connection ended before its body did: it is over 4 MB",
        reply.status,
    )


def _bulky(random, request, reply):
    """Within the bound, and more than the journal keeps."""
    body = _object(reply)
    if not body or reply.status not in GOOD or "Resources" in body:
        return reply
    return _with(reply, {**body, "meta": {**body.get("meta", {}), "bulk": "x" * BULKY}})


def _cut(random, request, reply):
    return replace(reply, body=reply.body[: random.randrange(len(reply.body))]) if reply.body else reply


def _nested(random, request, reply):
    """A depth that some JSON readers take, and one that ends them."""
    depth = random.choice((70, 900, 100_000))
    if random.random() < 0.5:
        return replace(reply, body=b"[" * depth + b"]" * depth)
    return replace(reply, body=b'{"id":' * depth + b"1" + b"}" * depth)


def _not_an_object(random, request, reply):
    return _with(reply, random.choice(NOT_AN_OBJECT))


def _wrong_types(random, request, reply):
    body = _object(reply)
    if "Resources" not in body:
        return _with(reply, {"schemas": random.choice((5, None, {}, [[]])), "Resources": body or None})
    if random.random() < 0.5:
        return _with(reply, {**body, "totalResults": random.choice(NOT_A_NUMBER)})
    return _with(
        reply, {"totalResults": max(1, len(body["Resources"])), "Resources": random.choice(NOT_A_LIST)}
    )


def _labelled(random, request, reply):
    return Response(
        reply.status, {**reply.headers, "content-type": random.choice(LABELS)}, reply.body, reply.received_at
    )
