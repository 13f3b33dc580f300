//! Programs for `cargo fuzz run NAME`, one for each target of `provider::untrusted`.

/// Runs a target.
pub fn run(name: &str, data: &[u8]) {
    let target = provider::untrusted::TARGETS.iter().find(|(target, _)| *target == name);
    target.expect("a target of provider::untrusted").1(data);
}
