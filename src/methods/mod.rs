//! What a user can fit, one file a method. A new method is a file here and its line below.

mod along_grid;
pub(crate) mod block_options;
mod directed;
mod indefinite;
mod lambda;
mod latent_factors;
mod neighborhoods;
mod pair_tests;
mod penalties;
mod setters;
mod shared_options;
mod tree_options;
pub mod tuning;
mod tuning_data;
mod tuning_options;
#[cfg(feature = "nn")]
mod unrolled;

crate::model::records! {
    graphical_lasso,
    graphical_lasso_path,
    estimate,
    concord,
    clime,
    neighborhood_selection,
    tiger,
    gfc_l,
    gfc_sl,
    refit,
    debiased_graphical_lasso,
    latent_graphical_lasso,
    nsbm_ggm,
    simone,
    bagus,
    correlation,
    correlation_threshold,
    partial_correlation,
    partial_correlation_lasso,
    shrunk_partial_correlation,
    ridge_regulators,
    genie3,
    grnboost2,
    tigress,
    hss_ggm,
    meta_graphical_lasso,
    joint_graphical_lasso,
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
