//! What stands for a container: a process with a network and a file system view of its own, and a `docker` that knows it.
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{self, eventually};

/// Its first process; it ends with this.
pub(crate) struct Container(Child);

impl Container {
    /// Starts it, with its `docker` in this folder; `None`: this user may not make namespaces.
    pub(crate) fn start(bin: &Path) -> Option<Self> {
        let may = Command::new("unshare").args(["-n", "-m", "true"]).output();
        if !may.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let ready = bin.join("container.up");
        let begin = format!(
            "ip link set lo up && mount -t tmpfs none /opt && : >{} && exec sleep 1000",
            ready.display()
        );
        let child = Command::new("unshare")
            .args(["-n", "-m", "sh", "-ec", &begin])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let container = Self(child);
        eventually("the container is up", || ready.exists().then_some(()));
        support::write(&bin.join("container"), container.0.id().to_string());
        let docker = bin.join("docker");
        support::write(&docker, include_str!("docker.sh"));
        let runs = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(docker, runs).unwrap();
        Some(container)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
