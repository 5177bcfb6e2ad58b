//! The files of sockets that are no ports (`"transport": "ipc"`): they go with the kernel, and those that a kernel left
//! behind are in nobody's way.

use std::path::{Path, PathBuf};

/// The files of the sockets that the kernel listens at; dropped, they are removed.
#[derive(Debug, Default)]
pub struct SocketFiles(Vec<PathBuf>);

impl SocketFiles {
    /// Opens a socket at an address.
    ///
    /// # Errors
    /// What `socket` says, also where somebody else listens there.
    pub async fn open<S, E>(&mut self, url: &str, socket: impl Future<Output = Result<S, E>>) -> Result<S, E> {
        let Some(path) = url.strip_prefix("ipc://").map(Path::new) else { return socket.await };
        if is_left_behind(path) {
            // Where it cannot be removed, the socket says so.
            let _ = std::fs::remove_file(path);
        }
        let socket = socket.await?;
        self.0.push(path.into());
        Ok(socket)
    }
}

impl Drop for SocketFiles {
    fn drop(&mut self) {
        for path in &self.0 {
            // What is gone already is as it should be.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Whether a file is a socket that nobody listens at any more.
#[cfg(unix)]
fn is_left_behind(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let is_refused = |error: std::io::Error| error.kind() == std::io::ErrorKind::ConnectionRefused;
    is_socket && std::os::unix::net::UnixStream::connect(path).is_err_and(is_refused)
}

/// Whether a file is a socket that nobody listens at any more: not known here.
#[cfg(not(unix))]
fn is_left_behind(_: &Path) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::{Error, Result};
    use std::os::unix::net::UnixListener;

    /// Listens at a path, as a kernel would.
    fn open(files: &mut SocketFiles, path: &Path) -> Result<UnixListener> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(files.open(&format!("ipc://{}", path.display()), async { UnixListener::bind(path) }))
    }

    #[test]
    fn sockets_of_the_dead_are_replaced_and_own_ones_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kernel-1");
        drop(UnixListener::bind(&path).expect("a socket"));
        assert!(path.exists(), "nothing was left behind");
        let mut files = SocketFiles::default();
        let listener = open(&mut files, &path).expect("a socket in the place of the dead one");
        drop((files, listener));
        assert!(!path.exists());
    }

    #[test]
    fn what_belongs_to_others_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let (alive, text) = (folder.path().join("kernel-1"), folder.path().join("kernel-2"));
        let _other = UnixListener::bind(&alive).expect("a socket");
        std::fs::write(&text, "text").expect("a file");
        let mut files = SocketFiles::default();
        for path in [&alive, &text] {
            let error: Error = open(&mut files, path).expect_err("taken");
            assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
        }
        drop(files);
        assert!(alive.exists() && text.exists());
    }
}
