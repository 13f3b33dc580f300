//! The images of a release, as `docker save` writes them: all share one layer
//! with this program in it and differ in what it is told to be.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::archive::Archive;
use super::program::File;
use crate::error::Result;
use crate::hex::hex;
use crate::release::{self, Release, is_known};

/// One image.
struct Image {
    name: &'static str,
    role: &'static str,
    user: &'static str,
    /// What its health check asks, where it has one.
    probe: Option<&'static str>,
}

const fn image(name: &'static str, role: &'static str, probe: Option<&'static str>) -> Image {
    Image { name, role, user: "10000:10000", probe }
}

fn images(release: Release) -> Vec<Image> {
    let root = |name, role| Image { user: "", ..image(name, role, None) };
    let mut images = vec![
        root("prepare", "prepare"),
        root("harbor-log", "log"),
        image("harbor-core", "core", Some("http://127.0.0.1:8080/api/v2.0/ping")),
        image("harbor-portal", "portal", Some("http://127.0.0.1:8080/")),
        image("harbor-jobservice", "jobservice", Some("http://127.0.0.1:8080/api/v1/stats")),
        image("registry-photon", "registry", Some("http://127.0.0.1:5000/")),
        image("harbor-registryctl", "registryctl", Some("http://127.0.0.1:8080/api/health")),
        image("nginx-photon", "nginx", Some("http://127.0.0.1:8080/")),
        image(release::redis_image(release), "redis", None),
        image("harbor-db", "database", None),
        image("trivy-adapter-photon", "trivy-adapter", Some("http://127.0.0.1:8080/probe/healthy")),
    ];
    if is_known(release, "metric.enabled") {
        images.push(image("harbor-exporter", "exporter", None));
    }
    if release::has_notary(release) {
        images.push(image("notary-server-photon", "notary-server", None));
        images.push(image("notary-signer-photon", "notary-signer", None));
    }
    if release::has_chartmuseum(release) {
        images.push(image("chartmuseum-photon", "chartmuseum", None));
    }
    images
}

/// `harbor.vX.tar.gz`.
pub fn saved(release: Release, program: &[File]) -> Result<Vec<u8>> {
    let layer = layer(program)?;
    let layer_digest = hex(&Sha256::digest(&layer));
    let layer_path = format!("{layer_digest}/layer.tar");
    let mut archive = Archive::default();
    archive.folder(&layer_digest, 0o755)?;
    archive.file(&layer_path, &layer, 0o644)?;
    let mut manifest = Vec::new();
    for image in images(release) {
        let config = config(&image, release, &layer_digest).to_string();
        let path = format!("{}.json", hex(&Sha256::digest(config.as_bytes())));
        archive.file(&path, config.as_bytes(), 0o644)?;
        manifest.push(json!({
            "Config": path,
            "RepoTags": [format!("goharbor/{}:v{release}", image.name)],
            "Layers": [layer_path],
        }));
    }
    let manifest = Value::from(manifest).to_string();
    archive.file("manifest.json", manifest.as_bytes(), 0o644)?;
    archive.compressed()
}

fn layer(program: &[File]) -> Result<Vec<u8>> {
    let mut layer = Archive::default();
    for folder in ["etc", "var", "var/log", "var/log/docker", "storage"] {
        layer.folder(folder, 0o755)?;
    }
    layer.folder("tmp", 0o1777)?;
    let files = [
        ("etc/passwd", "root:x:0:0:root:/:/bin/false\nharbor:x:10000:10000:harbor:/:/bin/false\n"),
        ("etc/group", "root:x:0:\nharbor:x:10000:\n"),
        ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    ];
    for (path, text) in files {
        layer.file(path, text.as_bytes(), 0o644)?;
    }
    for (path, content) in program {
        layer.file(path, content, 0o755)?;
    }
    layer.bytes()
}

fn config(image: &Image, release: Release, layer: &str) -> Value {
    let created = "1970-01-01T00:00:00Z";
    let mut run = json!({
        "User": image.user,
        "Env": ["PATH=/", format!("STANDIN_RELEASE={release}")],
        "Entrypoint": ["/standin-harbor", image.role],
        "WorkingDir": "/",
    });
    if let Some(url) = image.probe {
        run["Healthcheck"] = json!({ "Test": ["CMD", "/standin-harbor", "probe", url] });
    }
    json!({
        "architecture": "amd64", "os": "linux", "created": created, "config": run,
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer}")]},
        "history": [{"created": created, "created_by": image.name}],
    })
}
