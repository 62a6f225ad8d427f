"""`/console/static/…`: the files that pages load. They hold nobody's data, so they ask for no key and may be kept."""

from os import stat_result

from fastapi import APIRouter
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.interfaces.http.fast_route import PlainRoute
from app.interfaces.rendering.assets import FOLDER, PREFIX, assets_version, page_files

_FOR_GOOD = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


class PageFiles(StaticFiles):
    """The pages' files by their names; kept for good under the version they have, asked for again under any other."""

    def get_path(self, scope: Scope) -> str:
        """The name of the file that is asked for."""
        return str(scope["path_params"]["name"])

    def lookup_path(self, path: str) -> tuple[str, stat_result | None]:
        """Where a file is; none but the pages' own files and the scripts of packages that they load."""
        file = page_files().get(path)
        return ("", None) if file is None else (str(file), file.stat())

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or that it has not changed, with how long it may be kept."""
        response = await super().get_response(path, scope)
        is_current = scope["path_params"]["version"] == assets_version()
        response.headers["Cache-Control"] = _FOR_GOOD if is_current else _ASK_AGAIN
        return response


# Every chunk is packed in a thread, so that a script of megabytes keeps no request waiting.
PACKED = GZipMiddleware(PageFiles(directory=FOLDER), compresslevel=6, thread_minimum_size=0)

router = APIRouter(routes=[PlainRoute(PREFIX + "/{version}/{name}", PACKED, include_in_schema=False)])
