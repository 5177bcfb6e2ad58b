//! Without the feature `plot` there are no figures, and no pictures in cards.

use super::Bundle;
use crate::context::Context;
use crate::graph::Graph;
use crate::model::{Path, Trained};
use crate::value::Value;

pub(super) fn bundle(_value: &Value) -> Option<Bundle> {
    None
}

pub(super) fn body(_value: &Value) -> Option<String> {
    None
}

pub(super) fn network(_graph: &Graph, _nodes: usize, _edges: usize) -> String {
    String::new()
}

pub(super) fn interactive_network(
    _graph: &Graph,
    _nodes: usize,
    _edges: usize,
    _ctx: &Context,
) -> crate::Result<String> {
    Ok(String::new())
}

pub(super) fn plotly() -> String {
    String::new()
}

pub(super) fn criterion(_path: &Path) -> String {
    String::new()
}

pub(super) fn losses(_trained: &Trained) -> String {
    String::new()
}

pub(super) fn page_script() -> Bundle {
    Bundle::text("this build of sinew has no figures")
}
