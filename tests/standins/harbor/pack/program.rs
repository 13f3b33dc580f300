//! This program as an image has it: without what only a debugger reads, and with the libraries that it
//! is linked to, as an image has none.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Doing, Result, failure};

/// A file of the image: path without the leading slash, and content.
pub type File = (String, Vec<u8>);

/// Libraries that the C library opens by itself to look up names, where it is one that does.
const OPENED: [&str; 3] = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

/// The program and its libraries.
pub fn files() -> Result<Vec<File>> {
    let program = std::env::current_exe().doing("find this program")?;
    let mut files = vec![("standin-harbor".to_owned(), stripped(&program)?)];
    for library in libraries(&program)? {
        let content = fs::read(&library).doing("read a library")?;
        let path = library.to_string_lossy();
        files.push((path.trim_start_matches('/').to_owned(), content));
    }
    Ok(files)
}

fn stripped(program: &Path) -> Result<Vec<u8>> {
    let out = std::env::temp_dir().join(format!("standin-harbor-{}", std::process::id()));
    let stripped = run(Command::new("strip").arg("-o").arg(&out).arg(program))
        .and_then(|_| fs::read(&out).doing("read the stripped program"));
    // In the way of nobody; it may not even be there.
    let _ = fs::remove_file(&out);
    stripped
}

/// Paths in what `ldd` says, and those beside them that are opened later.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let said = run(Command::new("ldd").arg(program))?;
    let mut paths: Vec<PathBuf> = said
        .lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .map(PathBuf::from)
        .collect();
    let beside = paths.iter().find(|path| path.ends_with("libc.so.6")).cloned();
    let beside = OPENED.iter().filter_map(|name| Some(beside.as_ref()?.with_file_name(name)));
    paths.extend(beside.filter(|path| path.is_file()));
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output().doing(&format!("start {command:?}"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(failure(format!("failed to run {command:?}: {why}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
