"""What the routes of one service share, and how a route asks for it."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, FastAPI, Request

from app.formats.options import ReadingOptions
from app.interfaces.http.idempotency import Replies
from app.interfaces.http.streaming import Streams
from app.services import App


@dataclass(frozen=True, slots=True)
class Door:
    """The App behind the HTTP API, the answers kept for retries, the streams that are open, and how documents are
    read.
    """

    application: App
    replies: Replies
    streams: Streams
    reading: ReadingOptions


def open_door(api: FastAPI, application: App, reading: ReadingOptions) -> Door:
    """Let requests through to this App; gives what has to be finished before the App is closed."""
    replies = Replies(application)
    door = Door(application, replies, Streams(replies, application), reading)
    api.state.door = door
    return door


# A dependency that is no coroutine would be called in a thread, which costs more than all the rest of the way in.
async def door_of(request: Request) -> Door:
    """FastAPI dependency: the HTTP API that received a request."""
    return cast(Door, request.app.state.door)


TheDoor = Annotated[Door, Depends(door_of)]
