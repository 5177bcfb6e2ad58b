//! What computations can run on: `sinew devices`, and `devices()` in scripts.

use std::fmt;

use crate::error::{Error, Result};
use crate::value::Value;

/// Something that computations can run on, or could in another build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What the option `device` takes.
    pub name: &'static str,
    /// `"cpu"` or `"cuda"`.
    pub kind: &'static str,
    /// Threads that computations may use there; 0 where that has no meaning.
    pub threads: usize,
    /// Numbers at a time: the widest instructions that the processor has.
    pub simd: &'static str,
    /// Whether this program can use it here.
    pub available: bool,
    /// Why not, and how to change that; empty for what is available.
    pub note: &'static str,
}

/// Every device that this version knows, for computations with at most `threads` threads.
pub fn devices(threads: usize) -> Vec<Device> {
    vec![
        Device { name: "cpu", kind: "cpu", threads, simd: simd(), available: true, note: "" },
        Device {
            name: "cuda",
            kind: "cuda",
            threads: 0,
            simd: "none",
            available: false,
            note: "built without the feature `cuda`",
        },
    ]
}

/// Checks that a computation can run on what the option `device` asks for: `"auto"`, `"cpu"`, `"cuda"` or `"cuda:0"`.
///
/// # Errors
/// A device that is not known, or that this program cannot use, with the reason.
pub fn check(wanted: &str) -> Result<()> {
    let name = match wanted.split_once(':') {
        Some(("cuda", number)) if number.parse::<u32>().is_ok() => "cuda",
        _ => wanted,
    };
    let known = devices(1).into_iter().find(|device| device.name == name);
    match known {
        _ if wanted == "auto" => Ok(()),
        Some(device) if device.available => Ok(()),
        Some(device) => {
            let error = Error::option(format!("device \"{wanted}\" cannot be used: {}", device.note));
            Err(error.with_hint("device: \"auto\" takes the best there is, `sinew devices` lists them"))
        }
        None => Err(Error::option(format!("there is no device \"{wanted}\""))
            .with_hint("devices: \"auto\", \"cpu\", \"cuda\", \"cuda:0\"")),
    }
}

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn simd() -> &'static str {
    if std::arch::is_x86_feature_detected!("avx512f") {
        "AVX-512"
    } else if std::arch::is_x86_feature_detected!("avx2") {
        "AVX2"
    } else if std::arch::is_x86_feature_detected!("avx") {
        "AVX"
    } else {
        "SSE2"
    }
}

/// Every 64-bit ARM processor has these.
#[cfg(target_arch = "aarch64")]
fn simd() -> &'static str {
    "NEON"
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
fn simd() -> &'static str {
    "unknown"
}

impl Device {
    /// As a map for scripts and JSON.
    pub fn to_value(&self) -> Value {
        Value::Map(vec![
            ("name".into(), self.name.into()),
            ("kind".into(), self.kind.into()),
            ("threads".into(), self.threads.into()),
            ("simd".into(), self.simd.into()),
            ("available".into(), self.available.into()),
            ("note".into(), self.note.into()),
        ])
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.available {
            let plural = if self.threads == 1 { "" } else { "s" };
            write!(f, "{:<6}available      {} thread{plural}, {}", self.name, self.threads, self.simd)
        } else {
            write!(f, "{:<6}not available  {}", self.name, self.note)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_there_and_the_rest_says_why_not() {
        let devices = devices(3);
        assert!(devices[0].available && devices[0].to_string().contains("3 threads"), "{}", devices[0]);
        assert!(devices.iter().all(|device| device.available == device.note.is_empty()));
    }
}
