"""`/console/static/…`: the files that pages load. They hold nobody's data, so they ask for no key and may be kept."""

import gzip
from functools import cache

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.interfaces.rendering.assets import PREFIX, assets_version, read_asset

router = APIRouter(include_in_schema=False)

_FOR_GOOD = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


@router.get(PREFIX + "/{version}/{name}")
async def static_file(version: str, name: str, request: Request) -> Response:
    """A file; kept for good under the version it has, and asked for again under any other."""
    asset = read_asset(name)
    if asset is None:
        raise HTTPException(404)
    headers = {
        "ETag": f'"{asset.tag}"',
        "Cache-Control": _FOR_GOOD if version == assets_version() else _ASK_AGAIN,
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    if asset.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(_packed(name), media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(asset.content, media_type=asset.media_type, headers=headers)


@cache
def _packed(name: str) -> bytes:
    asset = read_asset(name)
    assert asset is not None
    return gzip.compress(asset.content, mtime=0)
