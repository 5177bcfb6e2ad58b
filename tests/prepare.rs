//! The preparation of data against reference numbers.

mod common;

use common::{distance, has_reference, reference};
use sinew::Context;
use sinew::data::correlation::Correlation;
use sinew::data::prepare::Nonparanormal;

#[test]
fn the_nonparanormal_transform_is_that_of_huge() {
    if !has_reference("the_nonparanormal_transform_is_that_of_huge") {
        return;
    }
    let x = reference("npn/input.csv");
    for (kind, file) in
        [(Nonparanormal::Shrinkage, "npn/npn_shrinkage.csv"), (Nonparanormal::Truncation, "npn/npn_truncation.csv")]
    {
        let ours = x.nonparanormal(kind, &Context::new()).unwrap();
        assert!(distance(&ours, &reference(file)) < 1e-12, "{kind:?}: {}", distance(&ours, &reference(file)));
    }
    let skeptic = Correlation::Skeptic.matrix(&x, &Context::new()).unwrap();
    assert!(distance(&skeptic, &reference("npn/npn_skeptic.csv")) < 1e-12);
}
