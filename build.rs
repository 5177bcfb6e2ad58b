//! Tells the tests whether the reference data beside the repository is there, so that a test that needs it is
//! skipped by name (`ignored, ../shared is absent`) instead of passing silently.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(reference_data)");
    println!("cargo::rerun-if-changed=../shared/reference");
    println!("cargo::rerun-if-changed=build.rs");
    if std::path::Path::new("../shared/reference").is_dir() {
        println!("cargo::rustc-cfg=reference_data");
    }
}
