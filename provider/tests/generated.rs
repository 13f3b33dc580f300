//! The checked-in protocol code is what `proto/` says. `UPDATE_GENERATED=1 cargo test -p
//! breakwater-provider --test generated` writes it anew.

use std::path::Path;

const PROTOS: [&str; 3] = ["tfplugin6.proto", "plugin.proto", "health.proto"];

#[test]
fn generated_code_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checked_in = root.join("src/protocol/generated");
    let fresh = tempfile::tempdir().expect("temporary directory");
    let descriptors = protox::compile(PROTOS, [root.join("proto")]).expect("proto files compile");
    tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .out_dir(fresh.path())
        .compile_fds(descriptors)
        .expect("code is generated");
    for entry in fresh.path().read_dir().expect("generated files") {
        let name = entry.expect("generated file").file_name();
        let want = std::fs::read_to_string(fresh.path().join(&name)).expect("generated file");
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(checked_in.join(&name), &want).expect("write generated file");
        }
        let have = std::fs::read_to_string(checked_in.join(&name)).unwrap_or_default();
        assert!(have == want, "{} is not what proto/ says", name.display());
    }
}
