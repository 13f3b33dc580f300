//! Root in a directory of others: what it writes comes there whole, and nothing that the directory's
//! owner does meanwhile makes it write, or give away, anything elsewhere.

pub mod attack;

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::{Command, Output};

use super::*;
use attack::Place;

fn sh(script: &str) -> Output {
    let script = format!("{WAYS}{script}");
    Command::new("sh").args(["-euc", &script]).output().expect("sh runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_word_is_one_whatever_it_holds() {
    assert_eq!(word("it's $x `y` \\"), r"'it'\''s $x `y` \'");
    assert_eq!(words(&["a b", ""]), "'a b' ''");
}

#[test]
fn a_word_with_a_nul_byte_keeps_it_so_that_no_host_takes_its_script() {
    assert!(word("a\0b").contains('\0'));
}

#[test]
fn what_is_put_there_has_owner_and_mode_and_leaves_nothing_beside_it() {
    let Some(place) = Place::new() else { return };
    let path = place.path("theirs/conf.d/f");
    for text in ["first", "second"] {
        let script = format!("printf {text} | write {} nobody: 0640", attack::word(&path));
        assert!(sh(&script).status.success());
        assert_eq!(std::fs::read_to_string(&path).expect("there"), text);
    }
    let meta = std::fs::metadata(&path).expect("there");
    assert_eq!((meta.uid(), meta.permissions().mode() & 0o7777), (65534, 0o640));
    let names = std::fs::read_dir(place.path("theirs/conf.d")).expect("listed");
    assert_eq!(names.count(), 1);
}

#[test]
fn what_comes_cut_short_takes_no_place() {
    let Some(place) = Place::new() else { return };
    let path = place.path("theirs/f");
    std::fs::write(&path, "old").expect("written");
    let output = sh(&format!("size=9; printf short | write {} root: 0644", attack::word(&path)));
    assert!(!output.status.success() && said(&output).contains("cut short"), "{output:?}");
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "old");
    assert_eq!(std::fs::read_dir(place.path("theirs")).expect("listed").count(), 3);
}

#[test]
fn a_link_is_taken_where_root_alone_can_have_made_it() {
    let Some(place) = Place::new() else { return };
    let enter = |name: &str| sh(&format!("enter {}; pwd -P", attack::word(&place.path(name))));
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(place.path(to), place.path(name)).expect("linked");
    };
    link("theirs", "by-root");
    link("by-root/conf.d", "further");
    let output = enter("further");
    let there = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert_eq!(there, place.path("theirs/conf.d").display().to_string());
    link("prey", "theirs/by-others");
    for name in ["theirs/by-others", "theirs/by-others/below", "by-root/by-others"] {
        let output = enter(name);
        assert!(!output.status.success() && said(&output).contains("is not followed"), "{name}");
    }
    link("circle", "circle");
    assert!(!enter("circle").status.success());
    assert!(!enter("missing").status.success());
}

#[test]
fn what_is_missing_is_made_where_that_is_wanted() {
    let Some(place) = Place::new() else { return };
    let path = attack::word(&place.path("theirs/a b/c"));
    assert!(!sh(&format!("enter {path}")).status.success());
    assert!(
        sh(&format!("missing=make; enter {path}; umask 022; echo x | put f root: 0600"))
            .status
            .success()
    );
    let meta = std::fs::metadata(place.path("theirs/a b")).expect("made");
    assert_eq!((meta.uid(), meta.permissions().mode() & 0o7777), (0, 0o755));
}

#[test]
fn a_command_of_its_own_has_the_rights_of_the_directory_and_no_more() {
    let Some(place) = Place::new() else { return };
    let uid = |name: &str| {
        let output = sh(&format!("enter {}; own id -u", attack::word(&place.path(name))));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!((uid("theirs").as_str(), uid("prey").as_str()), ("65534", "0"));
    // Of a user without a name, as Harbor's containers have it.
    std::os::unix::fs::chown(place.path("theirs"), Some(10000), Some(10000)).expect("given");
    assert_eq!(uid("theirs"), "10000");
}

/// Everything at once that can be done there.
fn work(place: &Place) -> String {
    let at = |name: &str| attack::word(&place.path(name));
    format!(
        "{WAYS}echo x | write {} nobody: 0644\n(give {} nobody: 0700)\n(move {} {})\n\
         (missing=make; enter {} && own touch f && echo y | put g nobody: 0600)\n\
         (enter {} && room .h.breakwater-upload && echo z >part && mv -fT ./part ../h)\n",
        at("theirs/conf.d/f"),
        at("theirs/data"),
        at("theirs/conf.d/f"),
        at("theirs/conf.d/f2"),
        at("theirs/conf.d/new"),
        at("theirs/data"),
    )
}

#[test]
fn an_owner_who_exchanges_names_under_our_hands_gains_nothing() {
    let Some(place) = Place::new() else { return };
    let before = place.prey();
    let names = ["f", "f2", "g", "h", "new", ".h.breakwater-upload"];
    for way in attack::WAYS {
        let owner = place.attacked(way, &names);
        attack::root_does(&work(&place), 25);
        drop(owner);
        assert_eq!(place.prey(), before, "{way:?}");
    }
}

/// As it was done once: each of these loses, so the owner does what the test above believes.
#[test]
fn an_owner_wins_against_who_works_by_names() {
    let loses = |way, script: &str| {
        let Some(place) = Place::new() else { return };
        let theirs = attack::word(&place.path("theirs"));
        let _owner = place.attacked(way, &["f.tmp"]);
        let script = format!("t={theirs}\n{script}");
        assert!(place.is_lost_by(&script), "{way:?}: {}", place.prey());
    };
    loses(
        attack::Way::Entries,
        "new=$(mktemp \"$t/conf.d/.f.XXXXXX\"); echo x >\"$new\"; chown nobody: \"$new\"; \
         chmod 0644 \"$new\"; mv -fT \"$new\" \"$t/conf.d/f\"",
    );
    loses(attack::Way::Directories, "chown nobody: \"$t/data\"");
    loses(attack::Way::Names, "echo x >\"$t/conf.d/f.tmp\"");
}
