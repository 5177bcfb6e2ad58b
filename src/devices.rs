//! What computations can run on: `sinew devices`, and `devices()` in scripts.

use std::borrow::Cow;
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
    pub note: Cow<'static, str>,
}

/// Every device that this version knows, for computations with at most `threads` threads.
pub fn devices(threads: usize) -> Vec<Device> {
    vec![Device { name: "cpu", kind: "cpu", threads, simd: simd(), available: true, note: "".into() }, cuda()]
}

fn cuda() -> Device {
    let missing = gpus().as_ref().err().cloned();
    let available = missing.is_none();
    Device { name: "cuda", kind: "cuda", threads: 0, simd: "none", available, note: missing.unwrap_or_default() }
}

/// How many GPUs can be used, or what is missing.
#[cfg(not(feature = "cuda"))]
fn gpus() -> &'static std::result::Result<usize, Cow<'static, str>> {
    &Err(Cow::Borrowed("built without the feature `cuda`"))
}

/// How many GPUs can be used, or what is missing. Found out once: a driver does not come or go.
#[cfg(feature = "cuda")]
fn gpus() -> &'static std::result::Result<usize, Cow<'static, str>> {
    static GPUS: std::sync::OnceLock<std::result::Result<usize, Cow<'static, str>>> = std::sync::OnceLock::new();
    GPUS.get_or_init(|| probe::gpus().map_err(Cow::from))
}

/// The number of the GPU that the option `device` asks for: the first for `"cuda"`, and for `"auto"` where there is one.
pub fn cuda_index(wanted: &str) -> Option<usize> {
    let count = gpus().as_ref().ok().copied()?;
    match wanted.split_once(':') {
        Some(("cuda", number)) => number.parse().ok().filter(|&index: &usize| index < count),
        _ => matches!(wanted, "auto" | "cuda").then_some(0),
    }
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
        Some(device) if device.available && (device.kind != "cuda" || cuda_index(wanted).is_some()) => Ok(()),
        Some(device) if device.available => Err(Error::option(format!(
            "there is no device \"{wanted}\": {} GPUs are here",
            gpus().clone().unwrap_or(0)
        ))
        .with_hint("GPUs are numbered from 0: \"cuda:0\"")),
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
            ("note".into(), self.note.as_ref().into()),
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

/// What a GPU needs, looked for in an order in which nothing is loaded that is not there: the libraries' own loaders panic.
#[cfg(feature = "cuda")]
mod probe {
    use std::panic::catch_unwind;
    use std::path::Path;

    use cudarc::driver::result::{device, init};
    use cudarc::nvrtc::compile_ptx;

    /// Where the NVIDIA driver shows itself.
    const SIGNS: &[&str] = &["/dev/nvidiactl", "/dev/nvidia0", "/proc/driver/nvidia/version", "/dev/dxg"];

    pub(super) fn gpus() -> Result<usize, String> {
        if cfg!(target_os = "linux") && !SIGNS.iter().any(|sign| Path::new(sign).exists()) {
            return Err("there is no NVIDIA driver on this machine".into());
        }
        let count = catch_unwind(|| init().and_then(|()| device::get_count()).map_err(|error| error.0))
            .map_err(|_| "the driver's library libcuda.so.1 is not found".to_string())?
            .map_err(|code| format!("the CUDA driver refuses to start (code {})", code as u32))?;
        if count < 1 {
            return Err("the CUDA driver sees no GPU".into());
        }
        let compiled = catch_unwind(|| compile_ptx("extern \"C\" __global__ void probe() {}").is_ok());
        match compiled {
            Err(_) => return Err("NVRTC is missing: libnvrtc.so of the CUDA toolkit, version 12.8 or later".into()),
            Ok(false) => return Err("NVRTC does not compile: is it of another version than the driver?".into()),
            Ok(true) => {}
        }
        let home = std::env::var("CUDA_PATH").unwrap_or_else(|_| "/usr/local/cuda".into());
        if !Path::new(&home).join("include/cuda_fp16.h").exists() {
            return Err(format!("the CUDA headers are missing: {home}/include/cuda_fp16.h (CUDA_PATH says where)"));
        }
        Ok(count as usize)
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
