//! Blob uploads: begun, continued, finished, mounted.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use rand::distr::{Alphanumeric, SampleString};
use tokio::fs::{self, OpenOptions};
use tokio::io::AsyncWriteExt;

use super::error::error;
use super::store::{Digest, Store, is_safe, make_folder};
use crate::error::{Doing, Result};

/// Answers a request below `/v2/NAME/blobs/uploads/`.
pub async fn serve(
    store: &Store,
    name: &str,
    id: &str,
    request: Request<Body>,
) -> Result<Response> {
    let digest = parameter(request.uri(), "digest");
    if id.is_empty() {
        let mount = (parameter(request.uri(), "mount"), parameter(request.uri(), "from"));
        return begin(store, name, mount, digest, request).await;
    }
    let file = store.upload(name, id);
    if !is_safe(id) || fs::metadata(&file).await.is_err() {
        return Ok(error(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", id));
    }
    match *request.method() {
        Method::PATCH => {
            let headers = request.headers().clone();
            let size = append(store, name, id, request).await?;
            Ok(progress(&headers, name, id, size, StatusCode::ACCEPTED))
        }
        Method::PUT => finish(store, name, id, digest, request).await,
        Method::DELETE => {
            fs::remove_file(&file).await.doing("cancel an upload")?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => {
            let size = fs::metadata(&file).await.doing("measure an upload")?.len();
            Ok(progress(request.headers(), name, id, size, StatusCode::NO_CONTENT))
        }
    }
}

fn parameter(uri: &Uri, wanted: &str) -> Option<String> {
    url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .find(|(name, _)| name == wanted)
        .map(|(_, value)| value.into_owned())
}

async fn begin(
    store: &Store,
    name: &str,
    mount: (Option<String>, Option<String>),
    digest: Option<String>,
    request: Request<Body>,
) -> Result<Response> {
    if let (Some(wanted), Some(source)) = mount
        && let Some(wanted) = Digest::parse(&wanted)
        && is_safe(&source)
        && store.has_layer(&source, &wanted).await
    {
        store.link_layer(name, &wanted).await?;
        return Ok(created(request.headers(), name, &wanted));
    }
    let id = Alphanumeric.sample_string(&mut rand::rng(), 32);
    let file = store.upload(name, &id);
    make_folder(&file).await?;
    fs::write(&file, b"").await.doing("begin an upload")?;
    if digest.is_some() {
        return finish(store, name, &id, digest, request).await;
    }
    Ok(progress(request.headers(), name, &id, 0, StatusCode::ACCEPTED))
}

async fn append(store: &Store, name: &str, id: &str, request: Request<Body>) -> Result<u64> {
    let mut file = OpenOptions::new()
        .append(true)
        .open(store.upload(name, id))
        .await
        .doing("open an upload")?;
    let mut chunks = request.into_body().into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.doing("receive a blob")?;
        file.write_all(&chunk).await.doing("write a blob")?;
    }
    file.sync_all().await.doing("write a blob")?;
    Ok(file.metadata().await.doing("measure an upload")?.len())
}

async fn finish(
    store: &Store,
    name: &str,
    id: &str,
    digest: Option<String>,
    request: Request<Body>,
) -> Result<Response> {
    let headers = request.headers().clone();
    append(store, name, id, request).await?;
    let Some(digest) = digest.as_deref().and_then(Digest::parse) else {
        return Ok(error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "no digest"));
    };
    if store.finish_upload(name, id, &digest).await? {
        Ok(created(&headers, name, &digest))
    } else {
        Ok(error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", &digest.to_string()))
    }
}

fn progress(headers: &HeaderMap, name: &str, id: &str, size: u64, status: StatusCode) -> Response {
    let location = absolute(headers, &format!("/v2/{name}/blobs/uploads/{id}"));
    let range = format!("0-{}", size.saturating_sub(1));
    (status, [("location", location), ("range", range), ("docker-upload-uuid", id.to_owned())])
        .into_response()
}

fn created(headers: &HeaderMap, name: &str, digest: &Digest) -> Response {
    let location = absolute(headers, &format!("/v2/{name}/blobs/{digest}"));
    (StatusCode::CREATED, [("location", location), ("docker-content-digest", digest.to_string())])
        .into_response()
}

/// Absolute, from the name and the scheme that the client used: the reason why
/// a proxy must pass both on.
fn absolute(headers: &HeaderMap, path: &str) -> String {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let scheme = text("x-forwarded-proto").unwrap_or_else(|| "http".to_owned());
    let host = text(header::HOST.as_str()).unwrap_or_default();
    format!("{scheme}://{host}{path}")
}
