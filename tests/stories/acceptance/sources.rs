//! Where software and storage come from, other than the distribution and a local folder: Docker's
//! repository, PGDG, files by URL, NFS, an object store; and what goes on from there.

mod destroyed;
mod passwords;
mod served;
mod states;

use serde_json::{Value as Json, json};
use testkit::rig::{Distro, Rig};
use testkit::story::Story;
use testkit::terraform::Terraform;

use served::{SECRET, Served};

/// The configuration with its variables.
fn sources<'a>(rig: &'a Rig, served: &Served) -> (Terraform<'a>, Json) {
    let terraform = Terraform::new(rig, "sources");
    let state = rig.state();
    let ssh: Json = rig
        .hosts()
        .map(|h| {
            let ssh = json!({"host": h.address(), "host_key": h.state().host_key});
            (h.state().name.clone(), ssh)
        })
        .collect();
    let (redis, port) = state.redis.address.rsplit_once(':').unwrap();
    let docker = state.urls.docker.trim_end_matches("/linux/debian");
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    let fetched = |url: String| rig.run(["curl", "-fsS", &url]).unwrap().stdout;
    let key = fetched(format!("{}/gpg", state.urls.docker));
    // A key comes over HTTPS alone.
    let pgdg_key = fetched(format!("{}/ACCC4CF8.asc", state.urls.pgdg));
    std::fs::write(state.files.join("ACCC4CF8.asc"), pgdg_key).unwrap();
    let version = rig
        .host("b")
        .sh("apt-get update -q >/dev/null; cat /etc/os-release | sed -n 's/^VERSION_CODENAME=//p'");
    assert_eq!(version.unwrap().trim(), "bookworm");
    let variables = json!({
        "ssh": ssh,
        "key": state.ssh.key,
        "urls": {"pgdg": state.urls.pgdg, "docker": docker, "https": Served::url()},
        "docker_key": String::from_utf8(key).unwrap(),
        "docker_version": "5:20.10.24-1~debian~bookworm",
        "compose_sha256": served.compose_sha256(),
        "installers": served.installers(),
        "certificate": read(&served.certificate("harbor.crt")),
        "tls_key": read(&served.certificate("harbor.key")),
        "redis": {"host": redis, "port": port.parse::<u16>().unwrap()},
        "redis_password": read(&state.redis.password_file).trim(),
        "admin_password": SECRET,
        "secret": SECRET,
    });
    terraform.copy("tests/stories/acceptance/sources").variables(&variables);
    terraform.write("versions.tf", testkit::terraform::HEAD);
    (terraform, variables)
}

pub fn software_comes_from_mirrors_and_urls_and_storage_from_elsewhere(story: &Story) {
    let hosts = [("a", Distro::Bookworm), ("b", Distro::Bookworm)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-sources", &hosts).unwrap());
    let served = story.section("what is downloaded", || Served::new(&rig));
    let (terraform, variables) = sources(&rig, &served);
    story.section("apply, and an NFS export that is not there", || {
        let _ = terraform.apply().fails().says(&["reason given by server: No such file"]);
    });
    story.section("it is there: the next apply finishes", || {
        std::fs::create_dir(rig.state().nas.join("new")).unwrap();
        let _ = terraform.apply().succeeds();
        terraform.plan().is_empty();
    });
    story.section("everything came from where it should", || origins(&rig));
    story.section("both serve", || {
        for (host, name) in [("a", "harbor.example.test"), ("b", "old.example.test")] {
            assert_eq!(served.status(host, name, "/api/v2.0/users/current", SECRET), "200");
        }
    });
    passwords::rotated(story, &terraform, &variables, &served);
    states::kept(story, &rig, &terraform);
    destroyed::although_refused(story, &rig, &terraform);
}

/// What only shows on the hosts.
fn origins(rig: &Rig) {
    let a = |script: &str| rig.host("a").sh(script).unwrap().trim().to_owned();
    let b = |script: &str| rig.host("b").sh(script).unwrap().trim().to_owned();
    let from = |package: &str| {
        format!(
            "apt-cache madison {package} | grep -q {} && dpkg-query -Wf '${{db:Status-Status}}' {package}",
            "8000"
        )
    };
    for package in ["docker-ce", "docker-compose-plugin", "postgresql-15", "nfs-common"] {
        assert_eq!(a(&from(package)), "installed", "{package}");
    }
    let policy = "LC_ALL=C apt-cache policy postgresql-15 | sed -n '/\\*\\*\\*/,$p' | grep -c pgdg";
    assert_ne!(a(policy), "0", "PostgreSQL is not from the mirror of PGDG");
    assert_eq!(a("findmnt -no FSTYPE,TARGET /data/registry | wc -l"), "1");
    let unit = a("cat /etc/systemd/system/data-registry.mount");
    assert!(unit.contains("What=nas.example.test:/new\n"), "{unit}");
    assert_eq!(b("dpkg-query -Wf '${Version}' docker-ce"), "5:20.10.24-1~debian~bookworm");
    assert_eq!(b("dpkg-query -Wf x docker-compose-plugin 2>/dev/null || echo none"), "none");
    assert_eq!(b("/usr/local/bin/docker-compose version --short | cut -d- -f1"), "2.26.1");
    assert_eq!(b("docker ps --format '{{.Names}}' | grep -c ^notary"), "2");
    let oss =
        b("sed -n '/^ *oss:/,/^ *[a-z]*: *$/p' /opt/harbor/common/config/registry/config.yml");
    assert!(oss.contains("accesskeysecret:") && oss.contains("oss-cn-hangzhou"), "{oss}");
    assert_eq!(b("stat -c %a /opt/harbor/harbor.yml"), "600");
}
