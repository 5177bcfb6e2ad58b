//! Which files a computation may touch, and the only doors to them.
//!
//! Access below given folders is held by the system, not by a look at texts: every step of a way is opened from the folder
//! before it, so that neither `..` nor a link leads out, also where somebody changes the folders meanwhile.

mod new_file;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use crate::error::{Error, ErrorKind, Result};
pub(crate) use new_file::NewFile;

/// Which files a computation may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileAccess {
    /// Any that the operating system allows.
    All,
    /// None.
    None,
    /// Regular files below these folders. A relative path is looked for below each of them, in their order; an absolute one
    /// has to begin with one of them. What is written can be read only where its folder is in both lists.
    Under {
        /// Folders below which files may be read.
        read: Vec<PathBuf>,
        /// Folders below which files may be written.
        write: Vec<PathBuf>,
    },
}

/// What somebody wants with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Read,
    Write,
}

impl Wish {
    fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// A place below one of the folders.
#[derive(Debug)]
struct Place {
    root: PathBuf,
    rest: PathBuf,
}

impl Place {
    fn root(&self) -> io::Result<Dir> {
        Dir::open_ambient_dir(&self.root, ambient_authority())
    }

    fn open(&self) -> io::Result<File> {
        let root = self.root()?;
        // To open some devices does something: they are not even opened. What has changed since is seen by its handle, and
        // a pipe that nobody writes to is not waited for.
        if !root.metadata(&self.rest)?.is_file() {
            return Err(not_regular());
        }
        let mut options = OpenOptions::new();
        options.read(true).nonblock(true);
        let file = root.open_with(&self.rest, &options)?.into_std();
        if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) }
    }

    fn create(&self) -> io::Result<NewFile> {
        let name = self.rest.file_name().ok_or_else(|| io::Error::other("it names no file"))?.to_os_string();
        NewFile::begin(self.root()?.open_dir(new_file::folder_of(&self.rest))?, name)
    }

    fn metadata(&self) -> io::Result<cap_std::fs::Metadata> {
        self.root()?.metadata(&self.rest)
    }
}

/// Device files, pipes, sockets and folders have no bytes that a data file has.
fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")
}

impl FileAccess {
    /// Opens a file to read it.
    ///
    /// # Errors
    /// A file that may not be read, or cannot be.
    pub(crate) fn open(&self, path: &Path) -> Result<File> {
        match self.places(path, Wish::Read)? {
            None => File::open(path).map_err(|error| cannot("read", path, &error)),
            Some(places) => first(&places, Place::open).map_err(|error| refused(Wish::Read, path, &error)),
        }
    }

    /// Begins a file. It has no name before [`NewFile::persist`].
    ///
    /// # Errors
    /// A file that may not be written, or cannot be.
    pub(crate) fn create(&self, path: &Path) -> Result<NewFile> {
        match self.places(path, Wish::Write)? {
            None => NewFile::anywhere(path).map_err(|error| cannot("write", path, &error)),
            Some(places) => first(&places, Place::create).map_err(|error| refused(Wish::Write, path, &error)),
        }
    }

    /// Fails where nothing of that path may be written.
    ///
    /// # Errors
    /// As said.
    pub(crate) fn check_write(&self, path: &Path) -> Result<()> {
        self.places(path, Wish::Write).map(|_| ())
    }

    /// Fails where nothing of that path may be read.
    ///
    /// # Errors
    /// As said.
    pub(crate) fn check_read(&self, path: &Path) -> Result<()> {
        self.places(path, Wish::Read).map(|_| ())
    }

    /// Whether there is a file that may be read.
    pub(crate) fn is_file(&self, path: &Path) -> bool {
        match self.places(path, Wish::Read) {
            Err(_) => false,
            Ok(None) => path.is_file(),
            Ok(Some(places)) => first(&places, Place::metadata).is_ok_and(|there| there.is_file()),
        }
    }

    /// Whether there is a folder below which may be read.
    pub(crate) fn is_folder(&self, path: &Path) -> bool {
        match self.places(path, Wish::Read) {
            Err(_) => false,
            Ok(None) => path.is_dir(),
            Ok(Some(places)) => first(&places, Place::metadata).is_ok_and(|there| there.is_dir()),
        }
    }

    /// Names of what is in a folder, `most` at most, each with whether it is a folder itself. Nothing where that may not be
    /// seen.
    pub(crate) fn list(&self, folder: &Path, most: usize) -> Vec<(String, bool)> {
        let named = |name: OsString, is_folder: bool| name.into_string().ok().map(|name| (name, is_folder));
        match self.places(folder, Wish::Read) {
            Err(_) => Vec::new(),
            Ok(None) => std::fs::read_dir(folder)
                .into_iter()
                .flatten()
                .take(most)
                .flatten()
                .filter_map(|entry| named(entry.file_name(), entry.path().is_dir()))
                .collect(),
            Ok(Some(places)) => first(&places, |place| place.root()?.read_dir(&place.rest))
                .into_iter()
                .flatten()
                .take(most)
                .flatten()
                .filter_map(|entry| named(entry.file_name(), entry.file_type().is_ok_and(|kind| kind.is_dir())))
                .collect(),
        }
    }

    /// Where a path can lead; `None` where it leads anywhere.
    fn places(&self, path: &Path, wish: Wish) -> Result<Option<Vec<Place>>> {
        let roots = match (self, wish) {
            (Self::All, _) => return Ok(None),
            (Self::None, _) => {
                let message = format!("this session may not touch files ({})", path.display());
                return Err(Error::new(ErrorKind::Denied, message));
            }
            (Self::Under { read, .. }, Wish::Read) => read,
            (Self::Under { write, .. }, Wish::Write) => write,
        };
        let places: Vec<Place> = roots.iter().filter_map(|root| below(root, path)).collect();
        if places.is_empty() { Err(outside(wish, path)) } else { Ok(Some(places)) }
    }
}

/// The way from a folder to what a path says.
fn below(root: &Path, path: &Path) -> Option<Place> {
    let place = |rest: &Path| {
        let rest = if rest.as_os_str().is_empty() { Path::new(".") } else { rest };
        Place { root: root.to_path_buf(), rest: rest.to_path_buf() }
    };
    if path.is_relative() {
        return Some(place(path));
    }
    // A folder has two names where links lead to it. Which one a path begins with decides nothing: the way from the folder
    // is walked step by step.
    let names = [std::path::absolute(root).ok(), root.canonicalize().ok()];
    names.iter().flatten().find_map(|root| path.strip_prefix(root).ok()).map(place)
}

/// What comes of the first place where it succeeds, or else the error of the first.
fn first<T>(places: &[Place], mut work: impl FnMut(&Place) -> io::Result<T>) -> io::Result<T> {
    let mut failed = None;
    for place in places {
        match work(place) {
            Ok(done) => return Ok(done),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Err(failed.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

fn outside(wish: Wish, path: &Path) -> Error {
    let message = format!("this session may not {} '{}'", wish.verb(), path.display());
    Error::new(ErrorKind::Denied, message).with_hint("a relative path starts at the folders that the session has")
}

/// The error for a file below the folders; nothing in it tells where they are.
fn refused(wish: Wish, path: &Path, error: &io::Error) -> Error {
    match error.kind() {
        // What the system itself forbids has its number; a way that leads out has none.
        io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => outside(wish, path),
        io::ErrorKind::InvalidInput if error.raw_os_error().is_none() => {
            let message = format!("this session may not {} '{}': {error}", wish.verb(), path.display());
            Error::new(ErrorKind::Denied, message)
        }
        io::ErrorKind::NotFound => {
            let what = if wish == Wish::Read { "file" } else { "folder" };
            let message = format!("cannot {} '{}': there is no such {what}", wish.verb(), path.display());
            Error::file(message).with_hint("a relative path starts at the folders that the session has")
        }
        _ => Error::file(format!("cannot {} '{}': {error}", wish.verb(), path.display())),
    }
}

/// The error for a file that cannot be read or written.
pub(crate) fn cannot(what: &str, path: &Path, error: &io::Error) -> Error {
    let why = match (error.kind(), what) {
        (io::ErrorKind::NotFound, "read") => "there is no such file".to_string(),
        (io::ErrorKind::NotFound, _) => "there is no such folder".to_string(),
        _ => error.to_string(),
    };
    let result = Error::file(format!("cannot {what} '{}': {why}", path.display()));
    match error.kind() {
        io::ErrorKind::NotFound => {
            let here = std::env::current_dir().map(|dir| dir.display().to_string()).unwrap_or_default();
            result.with_hint(format!("relative paths start at the working directory, {here}"))
        }
        _ => result,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::fs::symlink;

    /// A folder `root` beside a file `secret`, and access below the former.
    fn ground() -> (tempfile::TempDir, FileAccess) {
        let ground = tempfile::tempdir().unwrap();
        let root = ground.path().join("root");
        std::fs::create_dir_all(root.join("sub")).unwrap();
        std::fs::write(root.join("sub/inside"), "inside").unwrap();
        std::fs::write(ground.path().join("secret"), "secret").unwrap();
        (ground, FileAccess::Under { read: vec![root.clone()], write: vec![root] })
    }

    fn read(access: &FileAccess, path: impl AsRef<Path>) -> Result<String> {
        let mut text = String::new();
        access.open(path.as_ref())?.read_to_string(&mut text).unwrap();
        Ok(text)
    }

    #[test]
    fn what_is_below_is_read_by_either_name() {
        let (ground, access) = ground();
        let root = ground.path().join("root");
        symlink("sub/inside", root.join("link")).unwrap();
        for path in [Path::new("sub/inside").to_path_buf(), root.join("sub/../sub/inside"), root.join("link")] {
            assert_eq!(read(&access, &path).unwrap(), "inside", "{}", path.display());
        }
        assert!(access.is_file(Path::new("link")) && access.is_folder(Path::new("sub")));
        assert_eq!(access.list(Path::new("sub"), 9), [("inside".to_string(), false)]);
        assert_eq!(read(&access, "absent").unwrap_err().kind(), ErrorKind::File);
    }

    #[test]
    fn no_way_leads_out() {
        let (ground, access) = ground();
        let root = ground.path().join("root");
        symlink(ground.path(), root.join("up")).unwrap();
        symlink("../secret", root.join("link")).unwrap();
        symlink("/etc", root.join("etc")).unwrap();
        let secret = ground.path().join("secret").display().to_string();
        for path in ["../secret", "sub/../../secret", "up/secret", "link", "etc/passwd", "/etc/passwd", secret.as_str()]
        {
            assert_eq!(read(&access, path).unwrap_err().kind(), ErrorKind::Denied, "{path}");
            assert!(!access.is_file(Path::new(path)), "{path}");
        }
        for path in ["../new", "up/new", "etc/new", "/tmp/sinew-new", ".."] {
            assert!(access.create(Path::new(path)).is_err(), "{path}");
        }
        assert!(access.list(Path::new("up"), 9).is_empty());
    }

    #[test]
    fn only_regular_files_are_opened() {
        let (_ground, access) = ground();
        assert_eq!(read(&access, "sub").unwrap_err().kind(), ErrorKind::Denied);
        let devices = FileAccess::Under { read: vec!["/dev".into()], write: vec!["/dev".into()] };
        assert_eq!(read(&devices, "zero").unwrap_err().kind(), ErrorKind::Denied);
        assert!(devices.create(Path::new("null")).is_err());
    }

    #[test]
    fn a_file_appears_when_it_is_complete() {
        let (ground, access) = ground();
        let path = ground.path().join("root/sub/inside");
        let names = || std::fs::read_dir(ground.path().join("root/sub")).unwrap().count();
        let new = access.create(Path::new("sub/inside")).unwrap();
        new.file().write_all(b"new").unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap(), names()), ("inside".into(), 2));
        drop(new);
        assert_eq!(names(), 1, "what is not completed goes away");
        // A link is replaced, and not followed.
        symlink("../../secret", ground.path().join("root/link")).unwrap();
        for name in ["sub/inside", "link"] {
            let new = access.create(Path::new(name)).unwrap();
            new.file().write_all(b"new").unwrap();
            new.persist().unwrap();
        }
        assert_eq!(read(&access, "sub/inside").unwrap(), "new");
        assert_eq!(std::fs::read_to_string(ground.path().join("secret")).unwrap(), "secret");
    }
}
