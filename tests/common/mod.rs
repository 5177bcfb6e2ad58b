//! What several test programs share.
#![allow(dead_code)] // every test program uses a part

use std::io::Write;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use sinew::{Context, Matrix};

/// Whether the reference data are beside the repository; if not, says by name which test is skipped.
pub fn has_reference(test: &str) -> bool {
    shared("reference", test).is_some()
}

/// A folder or file of those that lie beside the repository; if it is absent, says by name which test is skipped, past
/// the capture of the test harness.
pub fn shared(path: &str, test: &str) -> Option<String> {
    let full = format!("{}/../shared/{path}", env!("CARGO_MANIFEST_DIR"));
    let found = std::path::Path::new(&full).exists();
    if !found {
        let _ = writeln!(std::io::stderr(), "\nSKIPPED {test}: ../shared/{path} is absent");
    }
    found.then_some(full)
}

/// A numeric file of the reference data beside the repository.
pub fn reference(path: &str) -> Matrix {
    let path = format!("{}/../shared/reference/{path}", env!("CARGO_MANIFEST_DIR"));
    sinew::data::read_matrix(&path, &Context::new()).expect("a reference file")
}

/// The largest absolute difference of two matrices.
pub fn distance(a: &Matrix, b: &Matrix) -> f64 {
    a.zip(b, |x, y| (x - y).abs()).expect("equal shapes").as_slice().iter().fold(0.0, |max, &d| f64::max(max, d))
}

/// n x p standard normal numbers, mixed so that neighbouring columns are correlated.
pub fn correlated(n: usize, p: usize, mix: f64, seed: u64) -> Matrix {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let noise: Vec<f64> = (0..n * p).map(|_| StandardNormal.sample(&mut rng)).collect();
    Matrix::from_fn(n, p, |i, j| noise[i * p + j] + if j > 0 { mix * noise[i * p + j - 1] } else { 0.0 })
}
