"""Lucid: 100 requests a minute, plain JSON, and lists that leave out who is deactivated."""

from bulkscim.providers.profile import Bucket, Profile

LUCID = Profile(
    "lucid",
    buckets=(Bucket(100, 60.0),),
    concurrency=4,
    media_type="application/json",
    lists_inactive=False,
)
