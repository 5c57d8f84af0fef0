"""Delivery's FastAPI application. Every response depends on the path, If-None-Match and Accept-Encoding alone."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from fastapi import FastAPI, Request, Response

from aggregator.delivery.files import Found, find
from aggregator.delivery.headers import IMMUTABLE, LONE_PAGE, REVALIDATE, page_policy
from aggregator.delivery.settings import DeliverySettings
from aggregator.delivery.transfers import TransferBox, transfer_routes
from aggregator.errors import SettingsRefused
from aggregator.problems import problem
from contracts import FILES_PATH

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def create_app(settings: DeliverySettings) -> FastAPI:
    """The application over the folders that the settings name."""
    folders = _folders(settings)
    policy = page_policy(settings.relay_origin)
    app = FastAPI(title="Intently delivery", openapi_url=None)
    app.include_router(transfer_routes(TransferBox()))

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.api_route(settings.public_path + "/{name:path}", methods=["GET", "HEAD"])
    def public_file(name: str, request: Request) -> Response:
        found = _first([folders["public"], folders.get("bundle")], name, request)
        headers = {"Content-Security-Policy": LONE_PAGE} if name.endswith(".html") else {}
        return _respond(found, request, IMMUTABLE if name.startswith(f"{FILES_PATH}/") else REVALIDATE, headers)

    @app.api_route("/{name:path}", methods=["GET", "HEAD"])
    def shop_file(name: str, request: Request) -> Response:
        folder = folders.get("shop")
        wanted = name if "." in PurePosixPath(name).name else "index.html"
        found = _first([folder], wanted, request)
        headers = {"Content-Security-Policy": policy} if wanted.endswith(".html") else {}
        return _respond(found, request, REVALIDATE, headers)

    return app


def _folders(settings: DeliverySettings) -> dict[str, Path]:
    folders = {name: Path(value) for name in ("public", "bundle", "shop") if (value := getattr(settings, name))}
    for name, folder in folders.items():
        if not folder.is_dir():
            raise SettingsRefused(f"{name} folder {folder} does not exist; build or publish first")
    return folders


def _first(folders: list[Path | None], name: str, request: Request) -> Found | None:
    accept = request.headers.get("accept-encoding", "")
    for folder in folders:
        found = find(folder, name, accept) if folder is not None else None
        if found is not None:
            return found
    return None


def _respond(found: Found | None, request: Request, cache: str, more: dict[str, str] | None = None) -> Response:
    if found is None:
        return Response(problem(404, "no such file"), 404, _SAFE, "application/problem+json")
    headers = {**_SAFE, **(more or {}), "Cache-Control": cache, "ETag": found.etag, "Vary": "Accept-Encoding"}
    if _matches(request.headers.get("if-none-match", ""), found.etag):
        return Response(status_code=304, headers=headers)
    if found.encoding:
        headers["Content-Encoding"] = found.encoding
    return Response(found.body, 200, headers, found.media_type)


def _matches(header: str, etag: str) -> bool:
    return any(part.strip().removeprefix("W/") == etag for part in header.split(","))
