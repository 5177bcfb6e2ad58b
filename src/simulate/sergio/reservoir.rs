//! States of cells drawn from all that come by.

use ndarray::Array2;
use rand::RngExt;

use crate::context::Context;
use crate::error::Result;
use crate::rng::Rng;

/// Unspliced and spliced expression of all cells of a type, genes x cells.
#[derive(Debug)]
pub(super) struct Cells {
    pub unspliced: Array2<f64>,
    pub spliced: Array2<f64>,
}

/// The states of a cell that are kept: unspliced and spliced expression of every gene.
pub(super) type Kept = (Vec<f64>, Vec<f64>);

/// A fixed number of states, drawn without replacement from a stream of them: each state that has come by is among them
/// with the same probability (Vitter's algorithm R).
#[derive(Debug)]
pub(super) struct Reservoir {
    size: usize,
    seen: usize,
    pub kept: Vec<Kept>,
}

impl Reservoir {
    pub fn new(size: usize) -> Self {
        Self { size, seen: 0, kept: Vec::new() }
    }

    pub fn offer(&mut self, now: &Cells, rng: &mut Rng, ctx: &Context) -> Result<()> {
        for cell in 0..now.unspliced.ncols() {
            ctx.check()?;
            let state = || (now.unspliced.column(cell).to_vec(), now.spliced.column(cell).to_vec());
            self.seen += 1;
            if self.kept.len() < self.size {
                self.kept.push(state());
            } else {
                let place = rng.random_range(0..self.seen);
                if place < self.size {
                    self.kept[place] = state();
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    #[test]
    fn every_state_is_kept_equally_often() {
        let mut counts = [0usize; 10];
        for seed in 0..4000 {
            let mut rng = rng::stream(seed, "reservoir", 0);
            let mut reservoir = Reservoir::new(3);
            for step in 0..5 {
                let states = Array2::from_shape_fn((1, 2), |(_, cell)| (2 * step + cell) as f64);
                let now = Cells { unspliced: states.clone(), spliced: states };
                reservoir.offer(&now, &mut rng, &Context::new()).unwrap();
            }
            reservoir.kept.iter().for_each(|(u, _)| counts[u[0] as usize] += 1);
        }
        // 1200 each, standard deviation 29.
        assert!(counts.iter().all(|count| (1080..1320).contains(count)), "{counts:?}");
    }
}
