"""What a browser may do with a page: run our files, talk to us, and nothing else."""

from collections.abc import Mapping, Sequence

NOWHERE = ("'none'",)


def page_headers(*, frame_ancestors: Sequence[str] = NOWHERE, referrer: str = "same-origin") -> Mapping[str, str]:
    """The headers of a page with customers' data; `frame_ancestors` are the sites that may show it in a frame.

    `same-origin` tells other sites nothing, and lets a form's POST say where it came from; `no-referrer` is for pages
    whose address is itself a permission.
    """
    return {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors {' '.join(frame_ancestors)}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": referrer,
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }
