//! Tables of options, put together from options and tables of others.

use super::Opt;

/// How many options there are in all tables.
pub(crate) const fn total(tables: &[&[Opt]]) -> usize {
    let (mut table, mut count) = (0, 0);
    // Iterators do not run at compile time.
    while table < tables.len() {
        count += tables[table].len();
        table += 1;
    }
    count
}

/// Tables behind each other, with [`total`] options.
pub(crate) const fn joined<const N: usize>(tables: &[&[Opt]]) -> [Opt; N] {
    let mut all = [tables[0][0]; N];
    let (mut table, mut place) = (0, 0);
    while table < tables.len() {
        let mut row = 0;
        while row < tables[table].len() {
            all[place] = tables[table][row];
            place += 1;
            row += 1;
        }
        table += 1;
    }
    assert!(place == N);
    all
}

/// A table of options; two points stand before another table, whose options it has at that place: `table![TOL, ..OTHERS]`.
macro_rules! table {
    (@ [$($tables:expr,)+]) => {{
        const TABLES: &[&[$crate::options::Opt]] = &[$($tables),+];
        const ALL: [$crate::options::Opt; $crate::options::total(TABLES)] = $crate::options::joined(TABLES);
        &ALL
    }};
    (@ [$($tables:tt)*] ..$table:expr $(, $($rest:tt)*)?) => {
        $crate::options::table!(@ [$($tables)* $table,] $($($rest)*)?)
    };
    (@ [$($tables:tt)*] $option:expr $(, $($rest:tt)*)?) => {
        $crate::options::table!(@ [$($tables)* &[$option],] $($($rest)*)?)
    };
    ($($all:tt)+) => { $crate::options::table!(@ [] $($all)+) };
}
pub(crate) use table;
