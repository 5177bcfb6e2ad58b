//! A file that is being written. It has a name of its own until it is complete; what a process that was killed has left
//! under such a name, a later save into the same folder takes away.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirEntry, OpenOptions};

use super::not_regular;
use crate::rng;

/// How the names of unfinished files begin; sixteen hexadecimal digits follow.
const PREFIX: &str = ".sinew-";
const DIGITS: usize = 16;
/// Entries of a folder among which a save looks for what others have left: in a folder of many more, some of it stays.
const LOOKED_AT: usize = 1000;
/// A file this old that nobody has locked was left. Between being made and being locked it has no such age.
const AGE: Duration = Duration::from_secs(60);

/// A file that is being written: it appears under its name when it is complete, or not at all.
///
/// It is locked as long as its process lives. The folder is held open: nobody can put another one in its place.
#[derive(Debug)]
pub(crate) struct NewFile {
    folder: Dir,
    temporary: String,
    name: OsString,
    file: File,
    is_done: bool,
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_done {
            // There is nobody to tell.
            let _ = self.folder.remove_file(&self.temporary);
        }
    }
}

impl NewFile {
    /// Begins a file of this name in an open folder.
    ///
    /// # Errors
    /// What the system says; something there that is no regular file.
    pub(super) fn begin(folder: Dir, name: OsString) -> io::Result<Self> {
        if folder.symlink_metadata(&name).is_ok_and(|there| !there.is_file() && !there.is_symlink()) {
            return Err(not_regular());
        }
        sweep(&folder);
        let temporary = format!("{PREFIX}{:0DIGITS$x}", rng::fresh());
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let file = folder.open_with(&temporary, &options)?.into_std();
        // Where the system has no locks, nothing can be locked to be swept away either.
        let _ = file.try_lock();
        Ok(Self { folder, temporary, name, file, is_done: false })
    }

    /// Begins a file at a path, anywhere. A link to a file stays one: the file that it leads to is replaced.
    ///
    /// # Errors
    /// As [`NewFile::begin`].
    pub(super) fn anywhere(path: &Path) -> io::Result<Self> {
        let behind = path.is_symlink().then(|| std::fs::metadata(path)).and_then(Result::ok);
        let path = match behind {
            None => path.to_path_buf(),
            Some(there) if there.is_file() => path.canonicalize()?,
            // To replace what leads to a device or a pipe, such as /dev/stdout, would break it for everybody.
            Some(_) => return Err(not_regular()),
        };
        let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?.to_os_string();
        Self::begin(Dir::open_ambient_dir(folder_of(&path), ambient_authority())?, name)
    }

    /// What is written to.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives the file its name, in the place of what had that name before.
    ///
    /// # Errors
    /// What the system says.
    pub fn persist(mut self) -> io::Result<Saved> {
        let folder = self.folder.try_clone()?;
        self.folder.rename(&self.temporary, &folder, &self.name)?;
        self.is_done = true;
        Ok(Saved(folder))
    }
}

/// The folder of a file that has got its name.
#[derive(Debug)]
pub(crate) struct Saved(Dir);

impl Saved {
    /// Waits until the name is on the disk too. Before that a power cut may bring back what had the name before, whole.
    ///
    /// # Errors
    /// A file system that does not do this for folders.
    pub fn sync(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.read(true);
        self.0.open_with(".", &options)?.into_std().sync_all()
    }
}

/// The folder that a path leads to a file in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Takes away what saves into a folder have left that were killed.
fn sweep(folder: &Dir) {
    let Ok(entries) = folder.entries() else { return };
    for entry in entries.take(LOOKED_AT).flatten().filter(is_left) {
        // Another process may have been faster, or the file be somebody else's.
        let _ = folder.remove_file(entry.file_name());
    }
}

/// Whether an entry is a file that nobody will complete: its writer's lock ended with its writer.
fn is_left(entry: &DirEntry) -> bool {
    if !entry.file_name().to_str().is_some_and(is_temporary) {
        return false;
    }
    let Ok(there) = entry.metadata() else { return false };
    let modified = there.modified().ok().map(|modified| modified.into_std());
    let age = modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
    if !there.is_file() || age.is_none_or(|age| age <= AGE) {
        return false;
    }
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true);
    entry.open_with(&options).is_ok_and(|file| file.into_std().try_lock().is_ok())
}

fn is_temporary(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|id| id.len() == DIGITS && id.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::symlink;

    fn save(path: &Path, text: &str) -> io::Result<()> {
        let new = NewFile::anywhere(path)?;
        new.file().write_all(text.as_bytes())?;
        new.persist()?.sync()
    }

    #[test]
    fn a_save_takes_away_what_killed_ones_have_left_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, age: u64| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
            file
        };
        file(".sinew-0123456789abcdef", 100);
        let kept =
            [".sinew-00000000000000aa", ".sinew-00000000000000bb", ".sinew-history", ".sinew-0123456789abcdef.csv"];
        file(kept[0], 0);
        let writing = file(kept[1], 100);
        writing.lock().unwrap();
        file(kept[2], 100);
        file(kept[3], 100);
        save(&folder.path().join("x"), "new").unwrap();
        let is_there = |name: &str| folder.path().join(name).exists();
        assert!(kept.iter().all(|name| is_there(name)) && !is_there(".sinew-0123456789abcdef"));
        drop(writing);
        save(&folder.path().join("x"), "newer").unwrap();
        assert!(!is_there(kept[1]), "its writer has gone");
        assert_eq!(std::fs::read_to_string(folder.path().join("x")).unwrap(), "newer");
    }

    #[test]
    fn links_to_files_stay_and_what_is_no_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("sub")).unwrap();
        std::fs::write(at("sub/real"), "old").unwrap();
        symlink("sub/real", at("link")).unwrap();
        save(&at("link"), "new").unwrap();
        assert!(at("link").is_symlink());
        assert_eq!(std::fs::read_to_string(at("sub/real")).unwrap(), "new");
        symlink("/dev/null", at("device")).unwrap();
        symlink("nowhere", at("broken")).unwrap();
        save(&at("broken"), "new").unwrap();
        for path in [at("device"), at("sub"), "/dev/null".into()] {
            assert_eq!(save(&path, "new").unwrap_err().kind(), io::ErrorKind::InvalidInput, "{}", path.display());
        }
        assert!(at("device").is_symlink() && !Path::new("/dev/null").is_file());
    }
}
