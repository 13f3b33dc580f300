//! `relay` and `carry`: from one host to another.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use provider::host::{Host, HostError, Transfer, Upload};

use crate::sshd::{LIMIT, Sshd, run, until};

const MIB: usize = 1 << 20;

struct Two {
    from: Sshd,
    to: Sshd,
    a: Host,
    b: Host,
}

/// Bytes that no text has, and that differ from piece to piece.
fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|i| u8::try_from((i ^ (i >> 8) ^ (i >> 16)) & 255).expect("a byte")).collect()
}

impl Two {
    async fn start() -> Self {
        let (from, to) = (Sshd::start(), Sshd::start());
        for sshd in [&from, &to] {
            // Of `nobody`, as whom files are read and written there.
            std::fs::create_dir(sshd.path("files")).expect("made");
            let open = PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(sshd.dir.path(), open).expect("opened");
            std::os::unix::fs::chown(sshd.path("files"), Some(65534), None).expect("given");
        }
        let (a, b) = (from.host().await, to.host().await);
        Self { from, to, a, b }
    }

    fn give(&self, name: &str, data: &[u8]) {
        std::fs::write(self.from.path("files").join(name), data).expect("written");
    }

    fn got(&self, name: &str) -> Option<Vec<u8>> {
        std::fs::read(self.to.path("files").join(name)).ok()
    }

    /// Every file there, and then a last word of the script.
    fn list(&self, last: &str) -> String {
        format!(
            "cd {}\nfor file in *; do echo \"$(stat -c %s \"$file\") \
             $(sha256sum <\"$file\" | cut -d ' ' -f 1) $file\"; done\n{last}\n",
            self.from.path("files").display()
        )
    }

    async fn copy_from(&self, list: &str) -> Result<Vec<(String, Upload)>, HostError> {
        let [from, to] = [&self.from, &self.to].map(|s| s.path("files").display().to_string());
        let takes = |name: &str, _| !name.starts_with("secret");
        let (from, to) = (from.as_str(), to.as_str());
        let what = Transfer { list, from, takes, to, owner: "nobody", limit: LIMIT };
        Ok(self.b.copy_from(&self.a, &what).await?.into_iter().collect())
    }

    fn left(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.to.path("files")).expect("listed").flatten();
        names.map(|name| name.file_name().to_string_lossy().into_owned()).collect()
    }
}

fn sent(from: u64) -> Upload {
    Upload::Sent { from }
}

#[tokio::test]
async fn a_relay_passes_every_byte() {
    let two = Two::start().await;
    let target = two.to.path("copy");
    for size in [0, 256, 3 * MIB + 1] {
        two.give("data", &bytes(size));
        let read = format!("cat {}", two.from.path("files/data").display());
        let write = format!("cat >{}", target.display());
        let pass = |said: &[u8]| Ok(said.to_vec());
        two.b.relay(&two.a, &read, pass, &write, LIMIT).await.expect("relayed");
        assert!(std::fs::read(&target).expect("there") == bytes(size), "{size} bytes");
    }
}

#[tokio::test]
async fn a_relay_that_fails_says_where_and_writes_nothing_of_a_failed_reading() {
    let two = Two::start().await;
    let mark = two.to.path("mark");
    let write = format!("echo >{}; cat >/dev/null; echo why >&2; exit 4", mark.display());
    let pass = |said: &[u8]| match said {
        b"wrong\n" => Err("it is wrong".to_owned()),
        said => Ok(said.to_vec()),
    };
    let fails =
        async |read: &str| two.b.relay(&two.a, read, pass, &write, LIMIT).await.expect_err(read);

    let error = fails("echo precious; false; true").await;
    let text = error.to_string();
    assert!(text.contains(&format!("on {}: exit status 1", two.a.name())), "{text}");
    assert!(!text.contains("precious"), "{text}");
    let error = fails("cat /dev/zero").await;
    assert!(matches!(error, HostError::TooLong { .. }), "{error}");
    let error = fails("echo wrong").await;
    assert!(matches!(error, HostError::UnexpectedOutput { .. }), "{error}");
    assert!(error.to_string().contains(&format!("on {}: it is wrong", two.a.name())), "{error}");
    assert!(!mark.exists());

    let text = fails("echo fine").await.to_string();
    assert!(text.contains(&format!("on {}: exit status 4: why", two.b.name())), "{text}");
    assert!(mark.exists());
}

#[tokio::test]
async fn files_are_carried_once_with_owner_and_mode() {
    let two = Two::start().await;
    let long = bytes(9 * MIB + 1);
    two.give("long", &long);
    two.give("empty", b"");
    two.give("it's a \"file\" $x", &bytes(300));
    let names = ["empty", "it's a \"file\" $x", "long"];
    let all = |upload| names.map(|name| (name.to_owned(), upload)).to_vec();
    assert_eq!(two.copy_from(&two.list("")).await.expect("carried"), all(sent(0)));
    assert!(two.got("long").as_ref() == Some(&long));
    assert_eq!(two.got("empty"), Some(Vec::new()));
    assert_eq!(two.got(names[1]), Some(bytes(300)));
    let meta = std::fs::metadata(two.to.path("files/long")).expect("there");
    let nobody: u32 = run("id", &["-u", "nobody"]).trim().parse().expect("a number");
    let group: u32 = run("id", &["-g", "nobody"]).trim().parse().expect("a number");
    assert_eq!((meta.uid(), meta.gid()), (nobody, group));
    assert_eq!(meta.permissions().mode() & 0o7777, 0o600);
    assert_eq!(two.left().len(), 3, "nothing is left beside them");

    assert_eq!(two.copy_from(&two.list("")).await.expect("looked"), all(Upload::Present));
    std::fs::write(two.to.path("files/empty"), "not so").expect("written");
    let again = two.copy_from(&two.list("")).await.expect("carried");
    assert_eq!(again[0], ("empty".to_owned(), sent(0)));
    assert_eq!(again[2].1, Upload::Present);
    assert_eq!(two.got("empty"), Some(Vec::new()));
}

#[tokio::test]
async fn a_carry_that_was_cut_goes_on_where_it_stopped() {
    let two = Two::start().await;
    let data = bytes(20 * MIB);
    two.give("long", &data);
    let list = two.list("");
    let part = two.to.path("files/long.breakwater-carry");
    let size = || std::fs::metadata(&part).map_or(0, |meta| meta.len());
    let cut = async {
        until("the first piece", || size() > 8 << 20).await;
        two.to.kill_sessions();
    };
    let (carried, ()) = tokio::join!(two.copy_from(&list), cut);
    let error = carried.expect_err("cut");
    assert!(error.is_lost() && error.to_string().contains(two.b.name()), "{error}");
    assert!(!two.to.path("files/long").exists());

    let Upload::Sent { from } = two.copy_from(&list).await.expect("carried")[0].1 else {
        panic!("it was not there");
    };
    assert!(from > 8 << 20, "{from}");
    assert!(two.got("long") == Some(data));
    assert_eq!(two.left(), ["long"]);
}

#[tokio::test]
async fn what_arrived_of_another_file_is_not_gone_on_with() {
    let two = Two::start().await;
    for wrong in [&b"something else"[..], &[7; 3000]] {
        two.give("file", &bytes(2000));
        std::fs::write(two.to.path("files/file.breakwater-carry"), wrong).expect("written");
        let carried = two.copy_from(&two.list("")).await.expect("carried");
        assert_eq!(carried[0].1, sent(0));
        assert_eq!(two.got("file"), Some(bytes(2000)));
        std::fs::remove_file(two.to.path("files/file")).expect("removed");
    }
    two.give("file", b"");
    std::fs::write(two.to.path("files/file.breakwater-carry"), "more than nothing").expect("done");
    two.copy_from(&two.list("")).await.expect("carried");
    assert_eq!(two.got("file"), Some(Vec::new()));
}

#[tokio::test]
async fn a_file_that_changes_under_way_takes_no_place() {
    let two = Two::start().await;
    for (change, says) in [
        ("printf x | dd of=file conv=notrunc status=none", "changed under way"),
        ("truncate -s 100 file", "became shorter"),
        ("rm file", "No such file"),
    ] {
        two.give("file", &bytes(5000));
        let error = two.copy_from(&two.list(change)).await.expect_err(change);
        assert!(error.to_string().contains(says), "{change}: {error}");
        assert!(error.to_string().contains(two.a.name()), "{error}");
        assert_eq!(two.got("file"), None);
    }
    two.give("file", &bytes(5000));
    two.copy_from(&two.list("")).await.expect("the next one takes it as it is");
    assert_eq!(two.got("file"), Some(bytes(5000)));
}

#[tokio::test]
async fn a_link_in_the_directory_leads_nowhere() {
    let two = Two::start().await;
    two.give("file", b"new");
    let precious = two.to.path("precious");
    std::fs::write(&precious, "old").expect("written");
    for name in ["files/file", "files/file.breakwater-carry"] {
        std::os::unix::fs::symlink(&precious, two.to.path(name)).expect("linked");
    }
    two.copy_from(&two.list("")).await.expect("carried");
    assert_eq!(two.to.read("precious"), "old");
    let meta = std::fs::symlink_metadata(two.to.path("files/file")).expect("there");
    assert!(meta.is_file());
    assert_eq!(two.got("file"), Some(b"new".to_vec()));
}

#[tokio::test]
async fn what_the_owner_there_may_not_read_is_not_carried() {
    let two = Two::start().await;
    let shadow = two.from.path("shadow");
    std::fs::write(&shadow, "root's alone").expect("written");
    std::fs::set_permissions(&shadow, PermissionsExt::from_mode(0o600)).expect("closed");
    std::os::unix::fs::symlink(&shadow, two.from.path("files/file")).expect("linked");
    let error = two.copy_from(&two.list("")).await.expect_err("not theirs");
    assert!(error.to_string().contains("Permission denied"), "{error}");
    assert_eq!(two.got("file"), None);
    let sum = "0".repeat(64);
    for line in [format!("9 {sum} ../shadow"), format!("9 {sum} secret")] {
        let error = two.copy_from(&format!("echo '{line}'")).await.expect_err(&line);
        assert!(error.to_string().contains(&line), "{error}");
    }
}

#[tokio::test]
async fn a_carry_into_nowhere_or_of_nonsense_is_an_error() {
    let two = Two::start().await;
    let error = two.copy_from("echo some text").await.expect_err("no list");
    assert!(error.to_string().contains("some text"), "{error}");
    let error = two.copy_from("echo why >&2; exit 3").await.expect_err("failed");
    assert!(error.to_string().contains("exit status 3: why"), "{error}");
    assert_eq!(two.copy_from("true").await.expect("nothing to carry"), []);
    two.give("file", b"x");
    std::fs::remove_dir(two.to.path("files")).expect("removed");
    let error = two.copy_from(&two.list("")).await.expect_err("no directory");
    assert!(!Path::new(&two.to.path("files")).exists() && !error.is_lost(), "{error}");
}
