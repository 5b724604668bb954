//! A Node that obeys proxy variables, which Debian's does not yet.
use std::path::{Path, PathBuf};

/// The one that `tests/run` installs.
pub(crate) fn newer_node() -> PathBuf {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let package = format!("target/tests-node/node_modules/node-linux-{architecture}");
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(package)
        .join("bin/node")
}
