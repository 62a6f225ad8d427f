"""The SDK's server around the tools: the only file that knows the MCP SDK."""

from collections.abc import Mapping
from typing import Any

from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager as Manager
from mcp.server.transport_security import TransportSecuritySettings
from pydantic_core import to_json

from app.errors import Forbidden, NotFound, WarmlineError
from app.interfaces.http.middleware import log_failure
from app.interfaces.http.problems import RefusedError, problem_of, unexpected_problem
from app.interfaces.http.request_bodies import MAX_BODY_BYTES
from app.interfaces.mcp.tools import TOOLS, ToolOffered
from app.models import KeyGrant, Problem
from app.services import App

__all__ = ["Manager", "manager"]

INSTRUCTIONS = (
    "Warmline keeps a customer's story over all channels. Record what happens as it happens, ask for the next best "
    "action before you answer, and get the handoff brief when a person is to take over."
)

Context = ServerRequestContext[Any, Any]


def manager() -> Manager:
    """A manager of requests that keeps no session; to be entered with `run` before the first."""
    server: Server[Any] = Server(
        "warmline",
        title="Warmline",
        version="1",
        instructions=INSTRUCTIONS,
        on_list_tools=_list,
        on_call_tool=_call,
    )
    # Who may come in under which host name, and from which page, the HTTP API has looked at already: with a list of
    # host names of its own, the SDK would refuse callers with a key wherever the service is not called localhost.
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    return Manager(
        server, json_response=True, stateless=True, security_settings=security, max_request_body_size=MAX_BODY_BYTES
    )


async def _list(context: Context, _: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    grant = _caller(context)[1]
    tools = [_described(tool) for tool in TOOLS if tool.scope in grant.scopes]
    return types.ListToolsResult(tools=tools, cache_scope="private")


async def _call(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    application, grant = _caller(context)
    try:
        tool = _tool(params.name, grant)
        made = await tool.call(application, grant.tenant, params.arguments or {})
    except RefusedError as refused:
        return _refused(refused.problem)
    except WarmlineError as error:
        return _refused(problem_of(error))
    except Exception as failure:  # noqa: BLE001 - the last resort: whatever it is, its text stays inside
        log_failure(failure)
        return _refused(unexpected_problem())
    return _result(made.model_dump(mode="json"))


def _caller(context: Context) -> tuple[App, KeyGrant]:
    assert context.request is not None
    return context.request.state.application, context.request.state.grant


def _tool(name: str, grant: KeyGrant) -> ToolOffered:
    tool = next((offered for offered in TOOLS if offered.name == name), None)
    if tool is None:
        raise NotFound(f"There is no tool {name!r}. The tools are {', '.join(offered.name for offered in TOOLS)}.")
    if tool.scope not in grant.scopes:
        raise Forbidden(f"This API key lacks the scope `{tool.scope}`, which this tool asks for.")
    return tool


def _described(tool: ToolOffered) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.arguments.model_json_schema(),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.reads_only, destructive_hint=False, open_world_hint=False
        ),
    )


def _result(answer: Mapping[str, Any]) -> types.CallToolResult:
    text = types.TextContent(type="text", text=to_json(answer).decode())
    return types.CallToolResult(content=[text], structured_content=dict(answer))


def _refused(problem: Problem) -> types.CallToolResult:
    """A refusal in words, for the model to read, with the problem object beside."""
    fields = [f"{error['path']}: {error['message']}" for error in problem.errors[1:]]
    words = "\n".join([f"{problem.title} ({problem.code}). {problem.detail}", *fields])
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=words)],
        structured_content=problem.model_dump(mode="json"),
        is_error=True,
    )
