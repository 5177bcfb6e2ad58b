//! Figures with as much as there is room for: heatmaps of means, networks of their strongest edges. For notebooks; what
//! is saved to a file is the whole figure.
//!
//! A block of a heatmap is shown by the mean of its entries, not by the strongest of them: the strongest would show
//! blocks of noise as strong signals, and would change with the size of the blocks.

use std::collections::HashSet;

use super::figure::Figure;
use super::heatmap::recolored;
use super::labels::shorten;
use super::scene::{HeatmapCells, Markers, Panel, Scene, Segments, Trace};
use crate::data::{Matrix, significant};

/// Digits of the numbers of cells: those that the pointer shows.
const DIGITS: usize = 4;
/// Where everything is.
const WHOLE: &str = "save the figure for all of them";

/// How much of a figure there is room for, panel by panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// A heatmap of so many rows and columns, or of as many cells.
    pub cells: usize,
    /// Edges of a network; of a network with more nodes than this, those that the edges join.
    pub edges: usize,
}

impl Room {
    /// What a notebook shows at most.
    pub(crate) const NOTEBOOK: Self = Self { cells: 250, edges: 5000 };

    /// Room for a share of what this has room for.
    pub(crate) fn part(self, share: f64) -> Self {
        let scaled = |count: usize, share: f64| ((count as f64 * share) as usize).max(1);
        Self { cells: scaled(self.cells, share.sqrt()), edges: scaled(self.edges, share) }
    }

    fn holds(self, panel: &Panel) -> bool {
        let is_small = |trace: &Trace| match trace {
            Trace::Heatmap(cells) => self.holds_cells(cells),
            _ => true,
        };
        count_edges(&panel.traces) <= self.edges && panel.traces.iter().all(is_small)
    }

    fn holds_cells(self, cells: &HeatmapCells) -> bool {
        cells.values.as_slice().len() <= self.cells.saturating_mul(self.cells)
    }
}

impl Figure {
    /// How many panels have more than there is room for.
    pub(crate) fn panels_beyond(&self, room: Room) -> usize {
        self.scene().panels.iter().filter(|panel| !room.holds(panel)).count()
    }

    /// Whether there is anything of which [`Figure::reduced`] can show less.
    pub(crate) fn is_reducible(&self) -> bool {
        let mut traces = self.scene().panels.iter().flat_map(|panel| &panel.traces);
        traces.any(|trace| matches!(trace, Trace::Heatmap(_) | Trace::Segments(_)))
    }

    /// The figure with as much in every panel as there is room for, and below each panel what is left out.
    pub(crate) fn reduced(&self, room: Room) -> Self {
        let scene = self.scene();
        let panels = scene.panels.iter().map(|panel| reduced(panel, room)).collect();
        Self::of_scene(Scene { title: scene.title.clone(), panels, columns: scene.columns })
    }

    /// What stands below the panels, each sentence once.
    pub(crate) fn notes(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let notes = self.scene().panels.iter().map(|panel| panel.note.as_str());
        notes.filter(|note| !note.is_empty() && seen.insert(*note)).collect()
    }
}

fn reduced(panel: &Panel, room: Room) -> Panel {
    let mut notes = Vec::new();
    let mut traces = strongest(&panel.traces, room.edges, &mut notes);
    for trace in &mut traces {
        if let Trace::Heatmap(cells) = trace {
            *cells = means(cells, room, &mut notes);
        }
    }
    if !notes.is_empty() {
        notes.push(WHOLE.into());
    }
    Panel {
        title: panel.title.clone(),
        traces,
        x: panel.x.clone(),
        y: panel.y.clone(),
        equal: panel.equal,
        summary: panel.summary.clone(),
        note: notes.join("; "),
    }
}

/// The means of blocks of entries as cells. Colours span the means, which are smaller than the entries.
fn means(cells: &HeatmapCells, room: Room, notes: &mut Vec<String>) -> HeatmapCells {
    let values = &cells.values;
    let (rows, columns) = (values.rows(), values.cols());
    if room.holds_cells(cells) {
        return HeatmapCells { values: values.map(rounded), ..cells.clone() };
    }
    let (down, across) = (rows.div_ceil(room.cells).max(1), columns.div_ceil(room.cells).max(1));
    let shown = Matrix::from_fn(rows.div_ceil(down), columns.div_ceil(across), |i, j| {
        let lines = i * down..rows.min((i + 1) * down);
        let places = j * across..columns.min((j + 1) * across);
        rounded(mean(lines.flat_map(|line| &values.row_slice(line)[places.clone()])))
    });
    notes.push(format!("each cell shows the mean of {down} x {across} entries"));
    recolored(HeatmapCells {
        values: shown,
        rows: block_names(&cells.rows, down),
        columns: block_names(&cells.columns, across),
        scale: cells.scale,
        bounds: cells.bounds,
        note: cells.note.clone(),
    })
}

/// The mean of the finite numbers; NaN without one.
fn mean<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    // A mean so far, not a sum: that of large numbers may be infinite.
    let step = |(mean, count): (f64, f64), value: &f64| (mean + (value - mean) / (count + 1.0), count + 1.0);
    match values.filter(|value| value.is_finite()).fold((0.0, 0.0), step) {
        (_, 0.0) => f64::NAN,
        (mean, _) => mean,
    }
}

/// As few digits as the pointer shows: in full, numbers take three times the room.
fn rounded(value: f64) -> f64 {
    significant(value, DIGITS).parse().unwrap_or(value)
}

/// What blocks of so many rows or columns are called: by the first and the last of them.
fn block_names(names: &[String], size: usize) -> Vec<String> {
    let name = |block: &[String]| match block {
        [first, .., last] => format!("{first} … {last}"),
        _ => block.concat(),
    };
    let blocks: Vec<String> = names.chunks(size).map(name).collect();
    // Plotly takes names that look the same for one place.
    let different: HashSet<String> = blocks.iter().map(|name| shorten(name)).collect();
    if different.len() == blocks.len() {
        return blocks;
    }
    blocks.iter().enumerate().map(|(i, name)| format!("{}: {name}", i * size)).collect()
}

fn count_edges(traces: &[Trace]) -> usize {
    let edges = |trace: &Trace| match trace {
        Trace::Segments(segments) => segments.ends.len(),
        _ => 0,
    };
    traces.iter().map(edges).sum()
}

/// The traces with the strongest edges of all of them; nodes that these do not join are left out where there are many.
fn strongest(traces: &[Trace], most: usize, notes: &mut Vec<String>) -> Vec<Trace> {
    let edges = count_edges(traces);
    if edges == 0 {
        return traces.to_vec();
    }
    let kept = ranked(traces, most);
    if kept.len() < edges {
        notes.push(format!("the {} strongest of {edges} edges", kept.len()));
    }
    let joined = joined(traces, &kept);
    let part = |(at, trace): (usize, &Trace)| match trace {
        Trace::Segments(segments) => {
            let part = segments_at(segments, |i| kept.contains(&(at, i)));
            (!part.ends.is_empty()).then_some(Trace::Segments(part))
        }
        // Entries of the legend are points with a name.
        Trace::Markers(nodes) if nodes.name.is_empty() && nodes.x.len() > most => {
            let is_joined = |node: usize| joined.as_ref().is_none_or(|joined| joined.contains(&node));
            let part = markers_at(nodes, is_joined);
            if part.x.len() < nodes.x.len() {
                notes.push(format!("the {} of {} nodes that they join", part.x.len(), nodes.x.len()));
            }
            Some(Trace::Markers(part))
        }
        other => Some(other.clone()),
    };
    traces.iter().enumerate().filter_map(part).collect()
}

/// The places, trace and line, of the edges with the largest absolute weights; of equal ones the first.
fn ranked(traces: &[Trace], most: usize) -> HashSet<(usize, usize)> {
    let mut places: Vec<(f64, usize, usize)> = Vec::new();
    for (at, trace) in traces.iter().enumerate() {
        if let Trace::Segments(segments) = trace {
            // Figures of older files have no weights: the width goes with the weight.
            let strengths = if segments.weights.is_empty() { &segments.width } else { &segments.weights };
            let strength = |i: usize| strengths.get(i).map_or(0.0, |strength| strength.abs());
            places.extend((0..segments.ends.len()).map(|i| (strength(i), at, i)));
        }
    }
    places.sort_by(|a, b| b.0.total_cmp(&a.0));
    places.into_iter().take(most).map(|(_, at, i)| (at, i)).collect()
}

/// The nodes that these edges join; `None` where that is not known.
fn joined(traces: &[Trace], kept: &HashSet<(usize, usize)>) -> Option<HashSet<usize>> {
    let mut nodes = HashSet::new();
    for &(at, i) in kept {
        if let Trace::Segments(segments) = &traces[at] {
            nodes.extend(segments.joins.get(i)?);
        }
    }
    Some(nodes)
}

/// The elements at the places that are wanted; of an empty list none.
fn picked<T: Clone>(list: &[T], wanted: impl Fn(usize) -> bool) -> Vec<T> {
    list.iter().enumerate().filter(|(i, _)| wanted(*i)).map(|(_, element)| element.clone()).collect()
}

/// Some of the lines. Nodes are counted as before.
fn segments_at(segments: &Segments, wanted: impl Fn(usize) -> bool) -> Segments {
    Segments {
        name: segments.name.clone(),
        ends: picked(&segments.ends, &wanted),
        width: picked(&segments.width, &wanted),
        hover: picked(&segments.hover, &wanted),
        paint: segments.paint,
        opacity: segments.opacity,
        arrows: segments.arrows.as_ref().map(|stops| picked(stops, &wanted)),
        weights: picked(&segments.weights, &wanted),
        joins: picked(&segments.joins, &wanted),
    }
}

/// Some of the points.
fn markers_at(markers: &Markers, wanted: impl Fn(usize) -> bool) -> Markers {
    Markers {
        name: markers.name.clone(),
        x: picked(&markers.x, &wanted),
        y: picked(&markers.y, &wanted),
        labels: picked(&markers.labels, &wanted),
        hover: picked(&markers.hover, &wanted),
        size: picked(&markers.size, &wanted),
        paint: picked(&markers.paint, &wanted),
        opacity: markers.opacity,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NetworkOptions, heatmap, lines, network};
    use super::*;
    use crate::context::Context;
    use crate::data::Names;
    use crate::graph::{Edge, Graph};

    const SMALL: Room = Room { cells: 2, edges: 2 };

    fn reduced_cells(matrix: &Matrix) -> HeatmapCells {
        match &heatmap(matrix, None).unwrap().reduced(SMALL).scene().panels[0].traces[0] {
            Trace::Heatmap(cells) => cells.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn cells_are_means_of_blocks_and_the_last_blocks_are_smaller() {
        let cells = reduced_cells(&Matrix::from_fn(5, 5, |i, j| (5 * i + j) as f64));
        assert_eq!(cells.values.as_slice(), [6.0, 8.5, 18.5, 21.0]);
        assert_eq!((cells.bounds, cells.rows), ([0.0, 21.0], vec!["0 … 2".to_string(), "3 … 4".into()]));
        let flat = reduced_cells(&Matrix::from_fn(2, 5, |_, j| j as f64 - 2.0));
        assert_eq!((flat.values.as_slice(), flat.rows.len()), ([-1.0, 1.5, -1.0, 1.5].as_slice(), 2));
        assert_eq!((flat.bounds, flat.columns[1].as_str()), ([-1.5, 1.5], "3 … 4"));
    }

    #[test]
    fn what_is_missing_does_not_count_and_a_block_without_a_number_stays_empty() {
        let holes = |i: usize, j: usize| match (i, j) {
            (0..3, 0..3) => f64::NAN,
            (3, _) | (_, 3) => f64::INFINITY,
            _ => 1e308 / 8.0 * (i + j) as f64,
        };
        let cells = reduced_cells(&Matrix::from_fn(5, 5, holes));
        assert!(cells.values.as_slice()[0].is_nan());
        assert_eq!(cells.values.as_slice()[1..], [6.25e307, 6.25e307, 1e308]);
    }

    #[test]
    fn names_that_would_look_the_same_are_counted() {
        let long: Vec<String> = (0..4).map(|i| format!("a name that is longer than there is room for {i}")).collect();
        let matrix = Matrix::from_fn(4, 4, |i, j| (i + j) as f64);
        let named = matrix.with_names(Some(Names::new(long, "columns").unwrap())).unwrap();
        let cells = reduced_cells(&named);
        assert!(
            cells.columns[1].starts_with("2: a name") && cells.columns[1].ends_with("for 3"),
            "{:?}",
            cells.columns
        );
        assert_eq!(cells.rows, ["0 … 1", "2 … 3"]);
    }

    #[test]
    fn the_strongest_edges_stay_as_they_are() {
        let edges = [(0, 1, 0.1), (1, 2, -0.9), (2, 3, 0.5), (0, 3, 0.2)];
        let edges = edges.map(|(source, target, weight)| Edge::new(source, target, weight)).to_vec();
        let graph = Graph::new(4, None, false, edges).unwrap();
        let full = network(&graph, &NetworkOptions::default(), &Context::new()).unwrap();
        let part = full.reduced(SMALL);
        let lines = |figure: &Figure| -> Vec<(f64, [f64; 4], String)> {
            let traces = &figure.scene().panels[0].traces;
            let lines = traces.iter().filter_map(|trace| match trace {
                Trace::Segments(lines) => Some(lines.clone()),
                _ => None,
            });
            lines
                .flat_map(|it| (0..it.ends.len()).map(move |i| (it.weights[i], it.ends[i], it.hover[i].clone())))
                .collect()
        };
        let strong: Vec<_> = lines(&full).into_iter().filter(|(weight, ..)| weight.abs() > 0.3).collect();
        assert_eq!((lines(&part), strong.len()), (strong, 2));
        assert_eq!(part.to_svg().matches("<circle").count(), 3);
        let note = "the 2 strongest of 4 edges; the 3 of 4 nodes that they join; save the figure for all of them";
        assert_eq!(part.notes(), [note]);
        assert_eq!((full.panels_beyond(SMALL), part.panels_beyond(SMALL)), (1, 0));
    }

    #[test]
    fn notes_stand_in_both_pictures_and_nowhere_without_need() {
        let grid = Figure::grid(
            &[
                heatmap(&Matrix::from_fn(5, 5, |i, j| (i * j) as f64), None).unwrap(),
                heatmap(&Matrix::from_fn(2, 2, |i, _| i as f64), None).unwrap(),
            ],
            None,
            None,
        );
        let part = grid.unwrap().reduced(SMALL);
        assert_eq!(part.notes(), ["each cell shows the mean of 3 x 3 entries; save the figure for all of them"]);
        assert_eq!(part.to_svg().matches("each cell shows the mean").count(), 1);
        let layout = &part.to_json()["layout"];
        assert!(layout["xaxis"]["title"]["text"].as_str().unwrap().starts_with("each cell"), "{layout}");
        assert!(layout["xaxis2"].get("title").is_none());
        let curve = lines(&[("a".into(), vec![1.0, 2.0], vec![3.0, 4.0])], "x", "y", false);
        assert!(!curve.is_reducible() && curve.reduced(SMALL).to_json() == curve.to_json());
    }
}
