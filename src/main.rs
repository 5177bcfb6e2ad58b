//! sinew
fn main() {}
