//! What hosts download, behind HTTPS: installers, Compose as one file.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use testkit::fixtures;
use testkit::rig::Rig;
use testkit::terraform::{Run, repository};

/// The first password of admin, and the key of the objects.
pub const SECRET: &str = "Aa1-sources-secret";
const RELEASES: [&str; 2] = ["2.15.2", "2.3.2"];
const PORT: &str = "8443";
/// The name that a rig gives to who serves files.
const NAME: &str = "packages.example.test";

/// A server in a rig's network, which ends with this.
pub struct Served<'a> {
    rig: &'a Rig,
    server: Child,
}

impl<'a> Served<'a> {
    /// Makes the files and serves them.
    pub fn new(rig: &'a Rig) -> Self {
        let folder = rig.state().files.to_string_lossy().into_owned();
        for release in RELEASES {
            fixtures::pack(&rig.state().files, release);
        }
        done(Command::new("sh").args(["-ec", COMPOSE, "sh", &folder]));
        let made = Self::folder(rig);
        std::fs::create_dir_all(&made).unwrap();
        done(Command::new("sh").args(["-ec", CERTIFICATES]).current_dir(&made));
        for host in rig.hosts() {
            let authority = std::fs::read_to_string(made.join("files.crt")).unwrap();
            let trust = format!(
                "cat > /usr/local/share/ca-certificates/files.crt <<'E'\n{authority}E\n\
                 update-ca-certificates 2>/dev/null"
            );
            host.sh(&trust).unwrap();
        }
        let script = repository().join("tests/stories/acceptance/sources/https.py");
        let mut serve = rig.command(["python3", &script.to_string_lossy(), &folder]);
        serve.args(["198.51.100.1", PORT, "files.crt", "files.key"]).current_dir(&made);
        serve.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = serve.spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        Self { rig, server }
    }

    fn folder(rig: &Rig) -> PathBuf {
        rig.state().folder.join("served")
    }

    /// A file that [`CERTIFICATES`] made.
    pub fn certificate(&self, name: &str) -> PathBuf {
        Self::folder(self.rig).join(name)
    }

    /// Where it is served.
    pub fn url() -> String {
        format!("https://{NAME}:{PORT}")
    }

    /// Compose's checksum.
    pub fn compose_sha256(&self) -> String {
        self.sha256("docker-compose")
    }

    /// Settings `installer` by release.
    pub fn installers(&self) -> Json {
        let of = |release: &&str| {
            let name = format!("harbor-offline-installer-v{release}.tgz");
            let settings =
                json!({"url": format!("{}/{name}", Self::url()), "sha256": self.sha256(&name)});
            ((*release).to_owned(), settings)
        };
        RELEASES.iter().map(of).collect()
    }

    fn sha256(&self, name: &str) -> String {
        let bytes = std::fs::read(self.rig.state().files.join(name)).unwrap();
        Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The status that a node answers admin with.
    pub fn status(&self, host: &str, name: &str, path: &str, password: &str) -> String {
        let connect = format!("{name}:443:{}", self.rig.host(host).address());
        let authority = self.certificate("harbor.crt");
        let ask = self.rig.run([
            "curl",
            "-s",
            "--cacert",
            &authority.to_string_lossy(),
            "--resolve",
            &connect,
            "-u",
            &format!("admin:{password}"),
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            &format!("https://{name}{path}"),
        ]);
        String::from_utf8(ask.unwrap().stdout).unwrap()
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        // It ends when its input does; nothing else is to be done if it has already.
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

/// Compose 2 as one executable: what Docker offers for download is the plugin's file too.
const COMPOSE: &str = r#"work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
dpkg-deb -x ${BREAKWATER_CACHE:-/var/cache/breakwater}/www/docker-ce/linux/debian/pool/bookworm/docker-compose-plugin_*.deb "$work"
install -m 0755 "$work/usr/libexec/docker/cli-plugins/docker-compose" "$1/docker-compose"
"#;

const CERTIFICATES: &str = r#"make() {
  [ ! -e "$1.crt" ] || return 0
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$2" \
    -addext "subjectAltName=DNS:$2,DNS:$3" -keyout "$1.key" -out "$1.crt" 2>/dev/null
}
make files packages.example.test packages.example.test
make harbor harbor.example.test old.example.test
"#;

fn done(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let _ = Run::of(&output).succeeds();
}
