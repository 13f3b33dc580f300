//! Links between pages: the file is there, and so is the heading or the anchor in it.

use std::path::Path;

/// Links of a page, by its path in the repository, that lead nowhere. Those to other sites are theirs.
pub fn broken(root: &Path, page: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root.join(page)).expect("a page");
    let folder = root.join(page).parent().expect("in a folder").to_owned();
    let mut broken = Vec::new();
    for link in links(&text) {
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let found = if file.is_empty() {
            Some(text.clone())
        } else {
            std::fs::read_to_string(folder.join(file)).ok()
        };
        let there = match found {
            Some(target) => anchor.is_empty() || has_anchor(&target, anchor),
            None => folder.join(file).is_dir(),
        };
        if !there {
            broken.push(format!("{page}: {link}"));
        }
    }
    broken
}

fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(link, _)| link).filter(|link| !link.contains("://")).collect()
}

fn has_anchor(text: &str, anchor: &str) -> bool {
    let id = format!("<a id=\"{anchor}\">");
    let headings = text.lines().filter(|line| line.starts_with('#'));
    text.contains(&id) || headings.map(slug).any(|slug| slug == anchor)
}

/// A heading as the registries and GitHub make an anchor of it.
fn slug(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn a_heading_and_an_anchor_are_found() {
    let text = "# One: the first, and `code`\n<a id=\"two\"></a>\nthree\n";
    assert!(has_anchor(text, "one-the-first-and-code") && has_anchor(text, "two"));
    assert!(!has_anchor(text, "three"));
    assert_eq!(links("[a](b.md#c) and [d](https://example.com)"), ["b.md#c"]);
}
