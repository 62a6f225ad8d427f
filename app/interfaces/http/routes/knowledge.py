"""`/v1/knowledge`: the tenant's articles, and the passages of them that answer a question."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.interfaces.http import examples
from app.interfaces.http.authentication import Tenant
from app.interfaces.http.dependencies import TheDoor
from app.interfaces.http.documentation import question, refusals
from app.interfaces.http.idempotency import answer
from app.interfaces.http.path_parameters import ArticleId
from app.interfaces.http.request_bodies import parsed, read_body
from app.models import (
    Article,
    ArticleDraft,
    ArticlePage,
    FiledArticle,
    KnowledgeHits,
    KnowledgeQuestion,
    RemovedArticle,
)
from app.services.knowledge import ArticleQuery

router = APIRouter(tags=["Knowledge"])


@router.get(
    "/v1/knowledge",
    summary="The tenant's articles, ordered by id",
    response_model=ArticlePage,
    responses=refusals(),
)
async def articles(query: Annotated[ArticleQuery, Query()], door: TheDoor, tenant: Tenant) -> Response:
    """Valid or not. Pass `next_cursor` as `cursor` until it is null."""
    return answer(await door.application.knowledge.articles(tenant, query)).response()


@router.put(
    "/v1/knowledge/{article_id}",
    summary="Put an article",
    response_model=FiledArticle,
    responses=refusals("payload_too_large"),
    openapi_extra=question(ArticleDraft, {"Markdown": examples.ARTICLE}),
)
async def put(article_id: ArticleId, request: Request, door: TheDoor, tenant: Tenant) -> Response:
    """Replaces the article with this id, or makes it; putting the same again changes nothing. It is found by its words
    at once, and by its meaning some seconds later.
    """
    draft = parsed(ArticleDraft, await read_body(request))
    return answer(await door.application.knowledge.put(tenant, article_id, draft)).response()


@router.get(
    "/v1/knowledge/{article_id}",
    summary="One article",
    response_model=Article,
    responses=refusals("not_found"),
)
async def article(article_id: ArticleId, door: TheDoor, tenant: Tenant) -> Response:
    """As it was put, valid or not."""
    return answer(await door.application.knowledge.article(tenant, article_id)).response()


@router.delete(
    "/v1/knowledge/{article_id}",
    summary="Remove an article",
    response_model=RemovedArticle,
    responses=refusals("not_found"),
)
async def remove(article_id: ArticleId, door: TheDoor, tenant: Tenant) -> Response:
    """With its passages and their vectors. Decisions and handoffs that were made with it stay as they are."""
    return answer(await door.application.knowledge.remove(tenant, article_id)).response()


@router.post(
    "/v1/knowledge/search",
    summary="Find the passages that answer a question",
    response_model=KnowledgeHits,
    responses=refusals("payload_too_large"),
    openapi_extra=question(KnowledgeQuestion, {"a question": examples.KNOWLEDGE_QUESTION}),
)
async def search(request: Request, door: TheDoor, tenant: Tenant) -> Response:
    """By words and by meaning, best first. An answer is a passage as it stands in an article, never free text."""
    wanted = parsed(KnowledgeQuestion, await read_body(request))
    return answer(await door.application.knowledge.search(tenant, wanted)).response()
