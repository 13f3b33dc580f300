//! Which file imports from which: a scan of `use` items and of paths in the code. A path leads to
//! the file that defines what it names, through every re-export on the way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::Source;

/// A module's place below the crate's root.
type Place = Vec<String>;

/// A `use` item, taken apart.
struct Import {
    /// From the crate's root. Empty: another crate's.
    to: Place,
    /// What it is called here; `*` for all of a module.
    name: String,
    /// Whether others may import it from here.
    public: bool,
}

struct Module {
    file: String,
    imports: Vec<Import>,
    /// The code without its `use` items.
    body: String,
}

/// All modules of one crate.
struct Crate(BTreeMap<Place, Module>);

/// The circles of imports in the crate below `root`: each as the files that one goes through.
pub fn circles(root: &str, sources: &[Source]) -> Vec<String> {
    let modules = Crate::read(root, sources);
    let graph = modules.graph();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for start in graph.keys() {
        let Some(circle) = way_back(&graph, start) else { continue };
        let files: BTreeSet<String> = circle.iter().cloned().collect();
        if seen.insert(files) {
            found.push(format!("{} -> {start}", circle.join(" -> ")));
        }
    }
    found
}

/// The shortest way from a file to itself.
fn way_back(graph: &BTreeMap<String, BTreeSet<String>>, start: &str) -> Option<Vec<String>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(at) = next.pop_front() {
        for to in graph.get(at).into_iter().flatten() {
            if to == start {
                let mut way = vec![at.to_owned()];
                let mut at = at;
                while at != start {
                    at = before[at];
                    way.push(at.to_owned());
                }
                way.reverse();
                return Some(way);
            }
            if !before.contains_key(to.as_str()) {
                before.insert(to, at);
                next.push_back(to);
            }
        }
    }
    None
}

impl Crate {
    fn read(root: &str, sources: &[Source]) -> Self {
        let places: BTreeSet<Place> = sources.iter().map(|s| place(root, &s.path)).collect();
        let module = |source: &Source| {
            let here = place(root, &source.path);
            let (imports, body) = split(&source.code());
            let mut all = Vec::new();
            for (tree, public) in imports {
                expand(&tree, "", &mut |path, name| {
                    let to = absolute(path, &here, &places).unwrap_or_default();
                    all.push(Import { to, name: name.to_owned(), public });
                });
            }
            (here, Module { file: source.path.clone(), imports: all, body })
        };
        Self(sources.iter().map(module).collect())
    }

    fn graph(&self) -> BTreeMap<String, BTreeSet<String>> {
        let places: BTreeSet<Place> = self.0.keys().cloned().collect();
        let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (here, module) in &self.0 {
            // What is only passed on is not used here.
            let used = |i: &&Import| !i.public || i.name == "*" || has_word(&module.body, &i.name);
            let imports = module.imports.iter().filter(used).map(|i| i.to.clone());
            let paths = paths(&module.body).filter_map(|path| absolute(path, here, &places));
            let to = imports.chain(paths).filter_map(|to| self.file(&to, 0));
            let to = to.filter(|to| *to != module.file).map(str::to_owned);
            graph.entry(module.file.clone()).or_default().extend(to);
        }
        graph
    }

    /// The file that defines what a path names.
    fn file(&self, path: &[String], depth: usize) -> Option<&str> {
        if path.is_empty() {
            return None;
        }
        let known = (0..=path.len()).rev().find(|&n| self.0.contains_key(&path[..n]))?;
        let module = &self.0[&path[..known]];
        let Some(name) = path.get(known).filter(|_| depth < 9) else { return Some(&module.file) };
        let passed = module.imports.iter().find(|i| i.name == *name && !i.to.is_empty());
        if let Some(import) = passed {
            let mut to = import.to.clone();
            to.extend_from_slice(&path[known + 1..]);
            return self.file(&to, depth + 1);
        }
        let globs = || module.imports.iter().filter(|i| i.name == "*" && !i.to.is_empty());
        let behind = globs().find(|i| !defines(&module.body, name) && self.defines(&i.to, name));
        behind.map_or(Some(&module.file), |i| self.file(&i.to, depth + 1))
    }

    fn defines(&self, place: &[String], name: &str) -> bool {
        self.0.get(place).is_some_and(|module| {
            let passed = module.imports.iter().any(|i| i.name == name);
            let deeper = module.imports.iter().filter(|i| i.name == "*" && i.to != place);
            let deeper = deeper.filter(|i| i.to.len() > place.len());
            passed
                || defines(&module.body, name)
                || deeper.into_iter().any(|i| self.defines(&i.to, name))
        })
    }
}

/// `provider/src/host/run.rs` and `provider/src/host/run/mod.rs` are `host::run`.
fn place(root: &str, file: &str) -> Place {
    let path = file.strip_prefix(root).unwrap_or(file).trim_start_matches('/');
    let mut place: Place = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    let last = place.last().map_or("", String::as_str);
    if last == "mod" || (place.len() == 1 && ["lib", "main"].contains(&last)) {
        place.pop();
    }
    place
}

/// The `use` items of a code, and whether they are public; and the rest.
fn split(code: &str) -> (Vec<(String, bool)>, String) {
    let (mut imports, mut body) = (Vec::new(), String::new());
    let mut open: Option<(String, bool)> = None;
    for line in code.lines() {
        let text = line.trim_start();
        let visible = text.starts_with("pub");
        let item = text.split_once("use ").filter(|(before, _)| {
            let before = before.trim_end();
            before.is_empty()
                || before == "pub"
                || (before.starts_with("pub(") && before.ends_with(')'))
        });
        match (open.take(), item) {
            (Some((tree, public)), _) => open = Some((tree + " " + text, public)),
            (None, Some((_, tree))) => open = Some((tree.to_owned(), visible)),
            // `mod name;` declares, and uses nothing.
            (None, None) if text.ends_with(';') && text.contains("mod ") => {}
            (None, None) => body.extend([line, "\n"]),
        }
        if let Some((tree, public)) = open.take_if(|(tree, _)| tree.contains(';')) {
            imports.push((tree.replace(';', ""), public));
        }
    }
    (imports, body)
}

/// Each path of a tree `a::{b, c::{self, d as e}}`, with the name it gets.
fn expand(tree: &str, before: &str, found: &mut impl FnMut(&str, &str)) {
    let (mut depth, mut from) = (0, 0);
    for (at, c) in tree.char_indices().chain([(tree.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = tree[from..at].trim();
                from = (at + 1).min(tree.len());
                leaf_or_branch(part, before, found);
            }
            _ => {}
        }
    }
}

fn leaf_or_branch(part: &str, before: &str, found: &mut impl FnMut(&str, &str)) {
    if part.is_empty() {
        return;
    }
    if let Some((head, rest)) = part.split_once('{') {
        let rest = rest.trim_end().trim_end_matches('}');
        // The last brace alone closes this one; others belong to the branches.
        let inner = &part[head.len() + 1..part.rfind('}').unwrap_or(part.len())];
        let inner = if rest.is_empty() { "" } else { inner };
        return expand(inner, &format!("{before}{}", head.trim()), found);
    }
    let (path, alias) = part.split_once(" as ").unwrap_or((part, ""));
    let path = format!("{before}{}", path.trim());
    let path = path.strip_suffix("::self").unwrap_or(&path);
    let last = path.rsplit("::").next().unwrap_or(path);
    let name = if alias.is_empty() { last } else { alias.trim() };
    found(path.strip_suffix("::*").unwrap_or(path), name);
}

/// A path from the crate's root; none if it leads to another crate.
fn absolute(path: &str, here: &[String], places: &BTreeSet<Place>) -> Option<Place> {
    let mut segments = path.split("::").peekable();
    let mut to = match *segments.peek()? {
        "crate" => {
            segments.next();
            Vec::new()
        }
        "self" => {
            segments.next();
            here.to_vec()
        }
        "super" => {
            let mut to = here.to_vec();
            while segments.next_if_eq(&"super").is_some() {
                to.pop();
            }
            to
        }
        first => {
            let child = [here, &[first.to_owned()]].concat();
            places.contains(&child).then(|| here.to_vec())?
        }
    };
    to.extend(segments.map(str::to_owned));
    Some(to)
}

/// Everything of the form `a::b` in a code.
fn paths(code: &str) -> impl Iterator<Item = &str> {
    let inside = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = code.split(move |c| !inside(c)).map(|word| word.trim_matches(':'));
    words.filter(|word| word.contains("::"))
}

fn has_word(code: &str, name: &str) -> bool {
    code.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name)
}

fn defines(code: &str, name: &str) -> bool {
    let kinds = ["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "macro_rules!"];
    let starts = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    kinds.iter().any(|kind| {
        let wanted = format!("{kind} {name}");
        code.match_indices(&wanted).any(|(at, _)| starts(&code[at + wanted.len()..]))
    })
}

#[test]
fn a_circle_is_found_through_a_re_export_and_through_a_path() {
    let source = |path: &str, text: &str| Source { path: path.into(), text: text.into() };
    let sources = [
        source("x/src/lib.rs", "mod a;\nmod b;\nmod c;\npub use b::{self as other, Thing};\n"),
        source("x/src/a.rs", "use crate::{\n    Thing,\n};\npub fn go(_: Thing) {}\n"),
        source("x/src/b.rs", "pub struct Thing;\nfn run() { super::c::go(); }\n"),
        source("x/src/c.rs", "pub use crate::a::go;\npub fn own() { go(Thing) }\n"),
    ];
    let circle = circles("x/src", &sources);
    assert_eq!(circle, ["x/src/a.rs -> x/src/b.rs -> x/src/a.rs"]);
}
