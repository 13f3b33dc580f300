//! Cases of sshd(8)'s file format, and ssh-keygen as the judge of hashed names and fingerprints.

use std::process::Command;

use proptest::prelude::*;

use super::*;

const ONE: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
const TWO: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK2pr+Bfus1hvPof4Wb/plZCzSbqadHH0u+/f4ODtKnE";

fn key(text: &str) -> KeyBlob {
    KeyBlob::from_openssh(text).expect("a good key")
}

fn judge(file: &str, host: &str, port: u16) -> Verdict {
    KnownHosts::parse(file, "f").judge(host, port, &key(ONE))
}

#[test]
fn names_match_as_openssh_matches_them() {
    for (names, host, port, matches) in [
        ("db1", "db1", 22, true),
        ("db1", "DB1", 22, true),
        ("DB1", "db1", 22, true),
        ("db1,db2", "db2", 22, true),
        ("*.example.com", "a.b.example.com", 22, true),
        ("*.example.com", "example.com", 22, false),
        ("db?", "db7", 22, true),
        ("db?", "db", 22, false),
        ("*,!db1", "db1", 22, false),
        ("!db1,*", "db1", 22, false),
        ("*,!db1", "db2", 22, true),
        ("!db1", "db2", 22, false),
        ("[db1]:2222", "db1", 2222, true),
        ("[db1]:2222", "db1", 22, false),
        ("[*]:2222", "db9", 2222, true),
        ("db1", "db1", 2222, true),
        ("10.0.1.*", "10.0.1.11", 22, true),
        ("fe80::1", "FE80::1", 22, true),
    ] {
        let found = judge(&format!("{names} {ONE}\n"), host, port) == Verdict::Match;
        assert_eq!(found, matches, "{names} against {host}:{port}");
    }
}

#[test]
fn tabs_comments_and_rubbish_do_not_hide_a_line() {
    let tabbed = ONE.replace(' ', "\t");
    let file =
        format!("# c\n\nrubbish\nh ssh-ed25519 %%%\n@x h {ONE}\n\tdb1\t{tabbed}\ta comment\r\n");
    assert_eq!(judge(&file, "db1", 22), Verdict::Match);
    assert_eq!(judge(&file, "h", 22), Verdict::Unknown);
}

#[test]
fn another_key_is_a_change_and_names_its_line() {
    let changed = Verdict::Changed { known: key(TWO), origin: "f:2".to_owned() };
    assert_eq!(judge(&format!("\ndb1 {TWO}\n"), "db1", 22), changed);
    assert_eq!(judge(&format!("db1 {TWO}\ndb1 {ONE}\n"), "db1", 22), Verdict::Match);
    assert_eq!(judge(&format!("db1 {TWO}\n"), "db1", 2222), Verdict::Unknown);
}

#[test]
fn a_key_of_another_type_is_a_change_too() {
    let dir = tempfile::tempdir().expect("temp dir");
    for (kind, algorithm) in [("rsa", "ssh-rsa"), ("ecdsa", "ecdsa-sha2-nistp256")] {
        let path = dir.path().join(kind);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-N", "", "-f"])
            .arg(&path)
            .status()
            .expect("runs");
        assert!(made.success());
        let public = std::fs::read_to_string(path.with_extension("pub")).expect("made");
        let changed = judge(&format!("db1 {public}"), "db1", 22);
        assert_eq!(changed, Verdict::Changed { known: key(&public), origin: "f:1".to_owned() });
        let known = KnownHosts::parse(&format!("db1 {public}db1 {TWO}\n"), "f");
        assert_eq!(known.algorithms("db1", 22), [algorithm, "ssh-ed25519"]);
    }
}

#[test]
fn a_key_that_no_program_here_knows_is_known_all_the_same() {
    let name = b"new@example.org";
    let length = [0, 0, 0, u8::try_from(name.len()).expect("short")];
    let unknown = KeyBlob([&length[..], name, &[0, 0, 0, 1, 3]].concat()).to_openssh();
    assert!(matches!(judge(&format!("db1 {unknown}\n"), "db1", 22), Verdict::Changed { .. }));
}

#[test]
fn revoked_wins_wherever_it_stands() {
    for file in
        [format!("db1 {ONE}\n@revoked * {ONE}\n"), format!("@REVOKED\tdb1 {ONE}\ndb1 {ONE}\n")]
    {
        assert!(matches!(judge(&file, "db1", 22), Verdict::Revoked(_)), "{file}");
    }
    assert_eq!(judge(&format!("@revoked other {ONE}\ndb1 {ONE}\n"), "db1", 22), Verdict::Match);
}

#[test]
fn an_authority_is_not_a_host_key() {
    let file = format!("@cert-authority *.example.com {ONE}\n");
    assert_eq!(judge(&file, "a.example.com", 22), Verdict::Unknown);
    let known = KnownHosts::parse(&file, "f");
    assert_eq!(known.authorities("a.example.com", 22), [key(ONE)]);
    assert!(known.authorities("example.org", 22).is_empty());
}

#[test]
fn names_hashed_by_ssh_keygen_match() {
    let dir = tempfile::tempdir().expect("temp dir");
    let path = dir.path().join("known_hosts");
    std::fs::write(&path, format!("db1 {ONE}\n[db2]:2222 {ONE}\n")).expect("written");
    let done = Command::new("ssh-keygen").arg("-H").arg("-f").arg(&path).output().expect("runs");
    assert!(done.status.success());
    assert!(std::fs::read_to_string(&path).expect("read").starts_with("|1|"));
    let known = KnownHosts::load(&[path]).expect("loads");
    assert_eq!(known.judge("DB1", 22, &key(ONE)), Verdict::Match);
    assert_eq!(known.judge("db2", 2222, &key(ONE)), Verdict::Match);
    assert_eq!(known.judge("db3", 22, &key(ONE)), Verdict::Unknown);
}

#[test]
fn the_fingerprint_is_the_one_of_ssh_keygen() {
    let dir = tempfile::tempdir().expect("temp dir");
    let path = dir.path().join("key.pub");
    std::fs::write(&path, ONE).expect("written");
    let printed = Command::new("ssh-keygen").arg("-lf").arg(&path).output().expect("runs");
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(printed.contains(&key(ONE).fingerprint()), "{printed}");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_an_absent_one_is_not() {
    let dir = tempfile::tempdir().expect("temp dir");
    assert!(KnownHosts::load(&[dir.path().to_owned()]).is_err());
    assert!(KnownHosts::load(&[dir.path().join("none")]).is_ok());
}

proptest! {
    #[test]
    fn any_text_parses_without_panic(text in ".*", host in "[a-z.]{1,10}", port in 1u16..) {
        let _ = KnownHosts::parse(&text, "f").judge(&host, port, &key(ONE));
    }

    #[test]
    fn globs_agree_with_a_simple_definition(glob in "[ab*?]{0,6}", text in "[ab]{0,6}") {
        fn slow(glob: &[u8], text: &[u8]) -> bool {
            match (glob.split_first(), text.split_first()) {
                (None, None) => true,
                (Some((b'*', rest)), _) => (0..=text.len()).any(|n| slow(rest, &text[n..])),
                (Some((c, g)), Some((d, t))) if c == d || *c == b'?' => slow(g, t),
                _ => false,
            }
        }
        prop_assert_eq!(glob_matches(&glob, &text), slow(glob.as_bytes(), text.as_bytes()));
    }
}
