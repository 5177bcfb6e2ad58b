//! Ground truth: random graphs, precision matrices, samples. A new simulator is a file here and its line below.

crate::model::records! {
    random_graph,
    random_grn,
    random_strengths,
    sergio,
    technical_noise,
    grn_pair,
    precision,
    make_sparse_spd_matrix,
    sample_gaussian,
    latent_factor_data,
    drop_values,
}
