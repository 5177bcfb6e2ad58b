//! Reading and writing files so that nothing is lost: a write appears whole under its name, or not at all.

use std::io::{BufWriter, Read, Write};
use std::ops::Deref;
use std::path::Path;

use crate::context::{Context, Reservation};
use crate::detached::detached;
use crate::error::{Error, Result};
pub(super) use crate::files::cannot;

/// Bytes that are read between two looks at the limits.
const PIECE: usize = 1 << 22;
/// Bytes that are written between two looks: what turns numbers into text, or packs it, makes so many in some 10 ms.
const WRITTEN: usize = 1 << 17;

/// The bytes of a file, which have their part of the memory budget as long as they are there.
#[derive(Debug)]
pub struct FileBytes {
    bytes: Vec<u8>,
    _held: Reservation,
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The bytes of a file; one that gzip has packed is unpacked.
///
/// # Errors
/// When the context forbids it or the file cannot be read; the error names the file.
pub fn read_bytes(path: &str, ctx: &Context) -> Result<FileBytes> {
    let path = Path::new(path);
    let fail = |error: std::io::Error| cannot("read", path, &error);
    let file = ctx.files().open(path)?;
    let bytes = read_pieces(file, ctx, fail)?;
    match bytes.starts_with(GZIP) {
        true => read_pieces(flate2::read::MultiGzDecoder::new(Looked { bytes: &bytes, ctx }), ctx, fail),
        false => Ok(bytes),
    }
}

/// How every file of gzip begins.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// What is read on behalf of a context: very many packed files with nothing in them give no byte at which to look at it.
struct Looked<'a> {
    bytes: &'a [u8],
    ctx: &'a Context,
}

impl Read for Looked<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.ctx.check().map_err(std::io::Error::other)?;
        self.bytes.read(into)
    }
}

fn read_pieces(mut source: impl Read, ctx: &Context, fail: impl Fn(std::io::Error) -> Error) -> Result<FileBytes> {
    let mut bytes = Vec::new();
    let mut held = Vec::new();
    // In pieces, so that a device or a packed file without an end meets the limits on memory and time.
    loop {
        ctx.check()?;
        held.push(ctx.reserve(PIECE)?);
        let stopped = |error| ctx.check().err().unwrap_or_else(|| fail(error));
        let read = (&mut source).take(PIECE as u64).read_to_end(&mut bytes).map_err(stopped)?;
        if read < PIECE {
            // The last piece is smaller.
            drop(held);
            let held = ctx.reserve(bytes.len())?;
            return Ok(FileBytes { bytes, _held: held });
        }
    }
}

/// What writes on behalf of a context.
struct Watched<'a> {
    out: &'a mut dyn Write,
    ctx: &'a Context,
    /// Bytes since the last look at the context.
    bytes: usize,
}

impl<'a> Watched<'a> {
    fn new(out: &'a mut dyn Write, ctx: &'a Context) -> Self {
        Self { out, ctx, bytes: 0 }
    }
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes >= WRITTEN {
            self.bytes = 0;
            self.ctx.check().map_err(std::io::Error::other)?;
        }
        let written = self.out.write(&bytes[..bytes.len().min(WRITTEN)])?;
        self.bytes += written;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// Writes a file through a temporary one beside it, which is renamed when it is complete. A file that ends in `.gz` is
/// packed.
///
/// # Errors
/// When the context forbids it or the file cannot be written, limits of the context; an existing file is then still
/// whole.
pub fn write_atomic(
    path: &str,
    ctx: &Context,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    let path = Path::new(path);
    let fail = |error: std::io::Error| cannot("write", path, &error);
    let new = ctx.files().create(path)?;
    {
        // Whatever stands between, such as a library's writer, what has stopped it is the context's error.
        let stopped = |error| ctx.check().err().unwrap_or_else(|| fail(error));
        let mut buffered = BufWriter::new(new.file());
        if is_packed(path) {
            let mut packed = flate2::write::GzEncoder::new(&mut buffered, flate2::Compression::default());
            write(&mut Watched::new(&mut packed, ctx)).map_err(stopped)?;
            packed.finish().map_err(fail)?;
        } else {
            write(&mut Watched::new(&mut buffered, ctx)).map_err(stopped)?;
        }
        buffered.flush().map_err(fail)?;
    }
    // A slow disk takes its time for what it has buffered.
    let written = new.file().try_clone().map_err(fail)?;
    detached(ctx, move || written.sync_all())?.map_err(fail)?;
    let saved = new.persist().map_err(fail)?;
    // From here on the file is there, whatever becomes of this: a system that cannot do it, or a stop, which the next look
    // at the context finds.
    let _ = detached(ctx, move || saved.sync());
    Ok(())
}

/// Writes JSON, indented.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_json(json: &serde_json::Value, path: &str, ctx: &Context) -> Result<()> {
    write_atomic(path, ctx, |out| {
        serde_json::to_writer_pretty(&mut *out, json)?;
        out.write_all(b"\n")
    })
}

fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"))
}

/// The extension of a path in lower case; of `x.csv.gz` that is `csv`.
pub fn extension(path: &str) -> String {
    let path = Path::new(path);
    let unpacked = if is_packed(path) { path.with_extension("") } else { path.to_path_buf() };
    unpacked.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// The error for an extension that nothing is written to or read from.
pub fn unknown_extension(path: &str, known: &str) -> Error {
    Error::file(format!("cannot tell the format of '{path}' from its ending")).with_hint(format!("known: {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn what_is_read_holds_memory_and_a_stop_is_heard_where_nothing_comes_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt.gz").display().to_string();
        let ctx = Context::new().with_memory_limit(3 * PIECE);
        write_atomic(&path, &ctx, |out| out.write_all(&vec![0; PIECE])).unwrap();
        let bytes = read_bytes(&path, &ctx).unwrap();
        assert!(ctx.reserve(2 * PIECE + 1).is_err());
        drop(bytes);
        assert!(ctx.reserve(3 * PIECE).is_ok());
        let empty = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default()).finish().unwrap();
        std::fs::write(&path, empty.repeat(100_000)).unwrap();
        assert!(read_bytes(&path, &ctx).unwrap().is_empty());
        let many = empty.repeat(100_000);
        let stopped = Context::new();
        stopped.cancel_handle().cancel();
        let mut source = flate2::read::MultiGzDecoder::new(Looked { bytes: &many, ctx: &stopped });
        assert!(source.read(&mut [0]).is_err());
    }

    #[test]
    fn a_stop_ends_a_write_in_the_middle_and_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.txt", "a.txt.gz"] {
            let path = folder.path().join(name).display().to_string();
            write_atomic(&path, &Context::new(), |out| out.write_all(b"old")).unwrap();
            let ctx = Context::new();
            let error = write_atomic(&path, &ctx, |out| {
                ctx.cancel_handle().cancel();
                // It goes on for ever, unless the writer fails.
                loop {
                    out.write_all(b"new")?;
                }
            });
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Cancelled);
            // One large piece is looked at too.
            let error = write_atomic(&path, &ctx, |out| out.write_all(&vec![0; 3 * WRITTEN]));
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Cancelled);
            assert_eq!(*read_bytes(&path, &Context::new()).unwrap(), *b"old");
            assert_eq!(
                std::fs::read_dir(folder.path())
                    .unwrap()
                    .filter(|entry| {
                        entry.as_ref().is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with(".sinew-"))
                    })
                    .count(),
                0
            );
        }
    }
}
