//! What a user can fit, one file a method. A new method is a file here and its line below.

mod directed;
mod latent_factors;
mod penalties;
mod tree_options;
#[cfg(feature = "nn")]
mod unrolled;

crate::model::records! {
    graphical_lasso,
    graphical_lasso_path,
    estimate,
    neighborhood_selection,
    correlation,
    partial_correlation,
    shrunk_partial_correlation,
    ridge_regulators,
    genie3,
    grnboost2,
    tigress,
    meta_graphical_lasso,
    pca_factors,
    ica_factors,
    #[cfg(feature = "nn")]
    uglad,
    #[cfg(feature = "nn")]
    glad,
    #[cfg(feature = "nn")]
    grnular,
    #[cfg(feature = "nn")]
    grnular_base,
}
