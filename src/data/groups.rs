//! Rows of a table in groups, and what is computed of each.

use std::sync::Arc;

use super::table_verbs::free_name;
use super::{Column, Picked, Selector, Table};
use crate::error::{Error, Result};

/// Rows that agree in some columns, in order of first appearance.
#[derive(Debug, Clone)]
pub struct Groups {
    pub(super) table: Table,
    pub(super) keys: Vec<usize>,
    pub(super) rows: Arc<Vec<Vec<usize>>>,
}

crate::engine_type!(Groups, "Groups");

impl Groups {
    /// The tables of the groups, in order of first appearance.
    pub fn tables(&self) -> Vec<Table> {
        self.rows.iter().map(|rows| self.table.pick_rows(rows)).collect()
    }

    /// The number of groups.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The number of rows of all groups.
    pub(crate) fn table_rows(&self) -> usize {
        self.table.rows()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The first row of every group.
    pub fn first_rows(&self) -> Vec<usize> {
        self.rows.iter().map(|rows| rows[0]).collect()
    }

    fn keys(&self) -> Vec<(String, Column)> {
        let first = self.first_rows();
        let key = |&key: &usize| (self.table.names().get(key).to_string(), self.table.column_at(key).pick(&first));
        self.keys.iter().map(key).collect()
    }

    /// `f` of every group's values in these numeric columns, beside the columns that define the groups. Without a
    /// choice all numeric columns.
    ///
    /// # Errors
    /// An unknown column, a column of texts.
    pub fn summarize(&self, columns: Option<&Selector>, f: impl Fn(&[f64]) -> f64) -> Result<Table> {
        let picked = match columns {
            Some(columns) => columns.pick(self.table.cols(), Some(self.table.names()), "column")?,
            None => Picked::Many((0..self.table.cols()).filter(|j| self.is_measured(*j)).collect()),
        };
        let mut result = self.keys();
        for &position in picked.positions() {
            let name = self.table.names().get(position);
            let Column::Numbers(values) = self.table.column_at(position) else {
                return Err(Error::data(format!("column '{name}' is not numeric")));
            };
            let of_group = |rows: &Vec<usize>| f(&rows.iter().map(|&row| values[row]).collect::<Vec<_>>());
            let values = Column::numbers(self.rows.iter().map(of_group).collect());
            result.push((free_name(name, &result), values));
        }
        Table::new(result, None)
    }

    fn is_measured(&self, column: usize) -> bool {
        !self.keys.contains(&column) && matches!(self.table.column_at(column), Column::Numbers(_))
    }

    /// The number of rows of every group, in a column `count`, or `count_2` where a key is called so.
    ///
    /// # Errors
    /// Never: the names are distinct.
    pub fn count(&self) -> Result<Table> {
        let mut result = self.keys();
        let counts = Column::numbers(self.rows.iter().map(|rows| rows.len() as f64).collect());
        result.push((free_name("count", &result), counts));
        Table::new(result, None)
    }

    /// As JSON: the groups and their sizes.
    pub fn to_json(&self) -> serde_json::Value {
        self.count().map_or(serde_json::Value::Null, |table| table.to_json())
    }
}

impl std::fmt::Display for Groups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let by: Vec<&str> = self.keys.iter().map(|&key| self.table.names().get(key)).collect();
        write!(f, "{} groups of {} rows by {}", self.rows.len(), self.table.rows(), by.join(", "))
    }
}
