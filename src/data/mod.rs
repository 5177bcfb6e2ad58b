//! Data: matrices, vectors, tables, their names and indices, and the files they come from.

mod argument;
pub mod correlation;
pub mod covariance;
mod csv;
mod csv_lines;
pub mod example;
pub mod file;
pub mod gaussian_em;
mod gene_choice;
mod groups;
#[cfg(feature = "h5ad")]
mod h5ad;
#[cfg(not(feature = "h5ad"))]
#[path = "without_h5ad.rs"]
mod h5ad;
mod index;
pub mod latent_gaussian;
mod mask;
mod matrix;
pub mod missing;
mod mtx;
mod names;
pub mod normal;
mod npy;
pub mod pairwise;
pub mod prepare;
mod print;
pub(crate) mod saved;
pub mod semidefinite;
mod sparse;
mod sparse_entries;
mod sparse_verbs;
pub mod summary;
mod table;
pub mod table_verbs;
mod ten_x;
mod vector;

pub use argument::{matrix_argument, numbers_of};
pub use csv::{CsvOptions, read_csv, read_matrix};
pub use csv_lines::write_csv;
pub use gene_choice::{ChosenGenes, GeneChoice};
pub use groups::Groups;
pub use h5ad::{read_h5ad, read_h5ad_sparse};
pub use index::{Picked, Selector};
pub use mask::Mask;
pub use matrix::Matrix;
pub use mtx::{read_mtx, read_mtx_sparse, write_mtx, write_mtx_sparse};
pub use names::Names;
pub use npy::{read_npy, write_npy};
pub use sparse::SparseMatrix;
pub use sparse_verbs::Lines;
pub use table::{Column, Table};
pub use ten_x::{GENE_EXPRESSION, TenX, read_10x, read_10x_sparse};
pub use vector::Vector;

pub(crate) use csv::has_header;
pub(crate) use csv::{each_text_row, parse_cell, parse_table};
pub(crate) use print::{clipped, column_labels, number, shown, significant, table_text};
