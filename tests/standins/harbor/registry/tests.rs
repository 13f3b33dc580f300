//! Push and pull through the registry's routes, as core asks for them.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use tempfile::TempDir;

use super::store::{Digest, Store};
use super::{Registry, router};

struct Tester {
    router: Router,
    _folder: TempDir,
}

impl Tester {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let hash = bcrypt::hash("secret", 4).expect("a hash");
        let registry =
            Registry { store: Store::new(folder.path()), passwords: format!("core:{hash}\n") };
        Self { router: router(registry), _folder: folder }
    }

    async fn ask(&self, method: Method, path: &str, body: impl Into<Body>) -> Response {
        let credentials = format!("Basic {}", STANDARD.encode("core:secret"));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "harbor.example.com")
            .header("x-forwarded-proto", "https")
            .header(header::AUTHORIZATION, credentials)
            .body(body.into())
            .expect("a request");
        self.send(request).await
    }

    async fn send(&self, request: Request<Body>) -> Response {
        let service = TowerToHyperService::new(self.router.clone());
        service.call(request).await.expect("an answer")
    }

    /// Uploads a blob in two pieces.
    async fn upload(&self, name: &str, bytes: &[u8], digest: &Digest) -> Response {
        let begun =
            self.ask(Method::POST, &format!("/v2/{name}/blobs/uploads/"), Body::empty()).await;
        assert_eq!(begun.status(), StatusCode::ACCEPTED);
        let path = path_of(begun.headers());
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let part = self.ask(Method::PATCH, &path, first.to_vec()).await;
        assert_eq!(part.headers()["range"], format!("0-{}", first.len() - 1));
        self.ask(Method::PUT, &format!("{path}?digest={digest}"), second.to_vec()).await
    }
}

fn path_of(headers: &HeaderMap) -> String {
    let location = headers["location"].to_str().expect("text");
    let path = location.strip_prefix("https://harbor.example.com");
    path.expect("the name and scheme of the client").to_owned()
}

async fn bytes_of(answer: Response) -> Vec<u8> {
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
    bytes.expect("a body").to_vec()
}

#[tokio::test]
async fn what_is_pushed_can_be_pulled() {
    let registry = Tester::new();
    let layer = vec![7; 200_000];
    let digest = Digest::of(&layer);
    let stored = registry.upload("library/app", &layer, &digest).await;
    assert_eq!(stored.status(), StatusCode::CREATED);
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"digest": digest.to_string()}, "layers": [{"digest": digest.to_string()}],
    })
    .to_string();
    let put = registry.ask(Method::PUT, "/v2/library/app/manifests/v1", manifest.clone()).await;
    assert_eq!(put.status(), StatusCode::CREATED);
    let got = registry.ask(Method::GET, "/v2/library/app/manifests/v1", Body::empty()).await;
    assert_eq!(bytes_of(got).await, manifest.as_bytes());
    let blob = format!("/v2/library/app/blobs/{digest}");
    let got = registry.ask(Method::GET, &blob, Body::empty()).await;
    assert_eq!(bytes_of(got).await, layer);
    let tags = registry.ask(Method::GET, "/v2/library/app/tags/list", Body::empty()).await;
    assert_eq!(bytes_of(tags).await, br#"{"name":"library/app","tags":["v1"]}"#);
}

#[tokio::test]
async fn a_blob_is_of_its_repository_and_can_be_mounted() {
    let registry = Tester::new();
    let digest = Digest::of(b"layer");
    registry.upload("library/app", b"layer", &digest).await;
    let other = format!("/v2/library/other/blobs/{digest}");
    let missing = registry.ask(Method::HEAD, &other, Body::empty()).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    let mount = format!("/v2/library/other/blobs/uploads/?mount={digest}&from=library/app");
    let mounted = registry.ask(Method::POST, &mount, Body::empty()).await;
    assert_eq!(mounted.status(), StatusCode::CREATED);
    let found = registry.ask(Method::HEAD, &other, Body::empty()).await;
    assert_eq!(found.status(), StatusCode::OK);
}

#[tokio::test]
async fn wrong_digests_names_and_passwords_are_refused() {
    let registry = Tester::new();
    let refused = registry.upload("library/app", b"layer", &Digest::of(b"other")).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let manifest = json!({"layers": [{"digest": Digest::of(b"none").to_string()}]}).to_string();
    let refused = registry.ask(Method::PUT, "/v2/library/app/manifests/v1", manifest).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let refused = registry.ask(Method::GET, "/v2/../etc/manifests/v1", Body::empty()).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let nobody = Request::builder().uri("/v2/").body(Body::empty()).expect("a request");
    assert_eq!(registry.send(nobody).await.status(), StatusCode::UNAUTHORIZED);
}
