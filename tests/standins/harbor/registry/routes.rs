//! Which request does what: blobs, manifests, tags.

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde_json::{Value, json};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::store::{Digest, Store, is_safe};
use super::{error::error, uploads};
use crate::error::{Doing, Result};

/// Manifests are small; distribution's own limit is 4 MiB.
const MANIFEST_LIMIT: usize = 4 * 1024 * 1024;

/// Answers a request below `/v2/`.
pub async fn serve(store: &Store, request: Request<Body>) -> Result<Response> {
    let path = request.uri().path().to_owned();
    let path = path.trim_start_matches("/v2").trim_start_matches('/');
    if path.is_empty() {
        return Ok((StatusCode::OK, "{}").into_response());
    }
    let split = ["/blobs/uploads/", "/blobs/", "/manifests/", "/tags/"]
        .into_iter()
        .find_map(|part| path.split_once(part).map(|(name, rest)| (part, name, rest)));
    match split {
        Some((_, name, _)) if !is_safe(name) => {
            Ok(error(StatusCode::BAD_REQUEST, "NAME_INVALID", name))
        }
        Some(("/blobs/uploads/", name, rest)) => uploads::serve(store, name, rest, request).await,
        Some(("/blobs/", name, digest)) => blob(store, name, digest, request.method()).await,
        Some(("/manifests/", name, reference)) => manifest(store, name, reference, request).await,
        Some(("/tags/", name, "list")) => Ok(tags(store, name).await),
        _ => Ok(error(StatusCode::NOT_FOUND, "UNSUPPORTED", path)),
    }
}

async fn blob(store: &Store, name: &str, digest: &str, method: &Method) -> Result<Response> {
    let Some(digest) = Digest::parse(digest) else {
        return Ok(error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", digest));
    };
    if !store.has_layer(name, &digest).await {
        return Ok(error(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", &digest.to_string()));
    }
    let file = File::open(store.blob(&digest)).await.doing("open a blob")?;
    let length = file.metadata().await.doing("measure a blob")?.len();
    let body = if method == Method::HEAD { Body::empty() } else { body_of(file) };
    Ok((
        [
            (header::CONTENT_LENGTH.as_str(), length.to_string()),
            (header::CONTENT_TYPE.as_str(), "application/octet-stream".to_owned()),
            ("docker-content-digest", digest.to_string()),
        ],
        body,
    )
        .into_response())
}

/// A file in chunks, so that a large layer is never in memory.
fn body_of(file: File) -> Body {
    let chunks = stream::try_unfold(file, |mut file| async move {
        let mut buffer = vec![0; 64 * 1024];
        let count = file.read(&mut buffer).await?;
        buffer.truncate(count);
        Ok::<_, std::io::Error>((count > 0).then_some((buffer, file)))
    });
    Body::from_stream(chunks)
}

async fn manifest(
    store: &Store,
    name: &str,
    reference: &str,
    request: Request<Body>,
) -> Result<Response> {
    if Digest::parse(reference).is_none() && !is_safe(reference) {
        return Ok(error(StatusCode::BAD_REQUEST, "TAG_INVALID", reference));
    }
    match *request.method() {
        Method::PUT => put_manifest(store, name, reference, request).await,
        Method::DELETE => match Digest::parse(reference) {
            Some(digest) if store.delete_manifest(name, &digest).await => {
                Ok(StatusCode::ACCEPTED.into_response())
            }
            _ => Ok(error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", reference)),
        },
        _ => Ok(get_manifest(store, name, reference).await),
    }
}

/// Every blob that a manifest names must be there first.
async fn put_manifest(
    store: &Store,
    name: &str,
    reference: &str,
    request: Request<Body>,
) -> Result<Response> {
    let bytes =
        axum::body::to_bytes(request.into_body(), MANIFEST_LIMIT).await.doing("read a manifest")?;
    let Ok(manifest) = serde_json::from_slice::<Value>(&bytes) else {
        return Ok(error(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", reference));
    };
    let layers = manifest["layers"].as_array().into_iter().flatten();
    for part in layers.chain(manifest.get("config")) {
        let digest = part["digest"].as_str().and_then(Digest::parse);
        let known = match &digest {
            Some(digest) => store.has_layer(name, digest).await,
            None => false,
        };
        if !known {
            let text = part["digest"].to_string();
            return Ok(error(StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN", &text));
        }
    }
    let digest = store.put_manifest(name, reference, &bytes).await?;
    Ok((
        StatusCode::CREATED,
        [
            ("location", format!("/v2/{name}/manifests/{digest}")),
            ("docker-content-digest", digest.to_string()),
        ],
    )
        .into_response())
}

async fn get_manifest(store: &Store, name: &str, reference: &str) -> Response {
    let Some((digest, bytes)) = store.manifest(name, reference).await else {
        return error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", reference);
    };
    let manifest: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let kind = manifest["mediaType"]
        .as_str()
        .unwrap_or("application/vnd.oci.image.manifest.v1+json")
        .to_owned();
    ([("content-type", kind), ("docker-content-digest", digest.to_string())], bytes).into_response()
}

async fn tags(store: &Store, name: &str) -> Response {
    match store.tags(name).await {
        Some(tags) => Json(json!({"name": name, "tags": tags})).into_response(),
        None => error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", name),
    }
}
