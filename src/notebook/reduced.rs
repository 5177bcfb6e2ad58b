//! Figures that are too large for a notebook: as much of them as there is room for, with a note on what is left out.

use serde_json::Value as Json;

use super::Bundle;
use super::figures::{PLOTLY, mark, saved_size, size};
use super::markup::output;
use super::outline::cut;
use crate::plot::{Figure, Room};

/// What is shown of a figure, type by type, and how many bytes that takes.
type Contents = (Vec<(&'static str, Json)>, usize);

/// Whether a figure is so large that nobody needs to try.
pub(super) fn is_large(figure: &Figure) -> bool {
    figure.panels_beyond(Room::NOTEBOOK) > 0
}

/// One figure in all ways, in fewer than `limit` bytes; `None` where no part of it is that small.
pub(super) fn bundle(figure: &Figure, limit: usize) -> Option<Bundle> {
    let (part, (mut entries, _)) = fitting(figure, limit, |part| contents(part, limit), |(_, size)| *size)?;
    let note: String = part.notes().iter().map(|note| format!("\n({note})")).collect();
    entries.extend(Bundle::text(cut(&format!("{figure}{note}"))).entries);
    Some(Bundle { entries })
}

/// The static picture of a large figure as HTML of fewer than `limit` bytes; `None` where no part of it is that small.
pub(super) fn picture(figure: &Figure, limit: usize) -> Option<String> {
    fitting(figure, limit, Figure::to_html_image, |html| saved_size(html)).map(|(_, html)| html)
}

/// The numbers and the picture; with numbers in the HTML too where there is room.
fn contents(part: &Figure, limit: usize) -> Contents {
    let (numbers, svg) = (part.to_notebook_json(), Json::from(part.to_svg()));
    let block = Json::from(part.to_html_block(&mark(part)));
    let fixed = size(&numbers) + size(&svg);
    let html = if fixed + size(&block) < limit { block } else { Json::from(output(&part.to_html_image())) };
    let size = fixed + size(&html);
    (vec![(PLOTLY, numbers), ("text/html", html), ("image/svg+xml", svg)], size)
}

/// The largest part of a figure of which what `make` makes is small enough, with that.
fn fitting<T>(
    figure: &Figure,
    limit: usize,
    make: impl Fn(&Figure) -> T,
    size: impl Fn(&T) -> usize,
) -> Option<(Figure, T)> {
    /// A figure of which there is room for less than this is better not shown.
    const LEAST: f64 = 0.001;
    if !figure.is_reducible() {
        return None;
    }
    let mut share = 1.0 / figure.panels_beyond(Room::NOTEBOOK).max(1) as f64;
    while share > LEAST {
        let part = figure.reduced(Room::NOTEBOOK.part(share));
        let made = make(&part);
        let taken = size(&made);
        if taken < limit {
            return Some((part, made));
        }
        share *= (0.95 * limit as f64 / taken as f64).min(0.85);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;
    use crate::data::Matrix;
    use crate::graph::{Edge, Graph};
    use crate::plot::{NetworkLayout, NetworkOptions, heatmap, network};

    const LIMIT: usize = 1_900_000;

    fn total(bundle: &Bundle) -> usize {
        bundle.entries.iter().map(|(_, content)| size(content)).sum()
    }

    fn text(bundle: &Bundle, mime: &str) -> String {
        bundle.get(mime).and_then(Json::as_str).unwrap_or_default().to_string()
    }

    fn noise(rows: usize, columns: usize) -> Figure {
        heatmap(&Matrix::from_fn(rows, columns, |i, j| ((i * 7919 + j * 104_729) as f64).sin()), None).unwrap()
    }

    #[test]
    fn a_large_heatmap_is_a_picture_of_means() {
        let figure = noise(600, 600);
        assert!(is_large(&figure) && !is_large(&noise(250, 250)));
        let bundle = bundle(&figure, LIMIT).unwrap();
        let mimes: Vec<&str> = bundle.entries.iter().map(|(mime, _)| *mime).collect();
        assert_eq!(mimes, [PLOTLY, "text/html", "image/svg+xml", "text/plain"]);
        assert!(total(&bundle) < LIMIT + 10_000, "{}", total(&bundle));
        let numbers = bundle.get(PLOTLY).unwrap();
        let rows = numbers["data"][0]["z"].as_array().unwrap();
        assert!((100..=250).contains(&rows.len()) && rows[0].as_array().unwrap().len() == rows.len());
        let note = format!("each cell shows the mean of {0} x {0} entries", 600usize.div_ceil(rows.len()));
        assert!(numbers["layout"]["xaxis"]["title"]["text"].as_str().unwrap().starts_with(&note), "{note}");
        assert!(text(&bundle, "image/svg+xml").contains(&note) && text(&bundle, "text/html").contains("<img"));
        assert!(text(&bundle, "text/plain").contains(&format!("600 x 600\n({note}; save the figure")));
    }

    #[test]
    fn a_large_network_shows_its_strongest_edges() {
        let nodes = 200;
        let pairs = (0..nodes).flat_map(|i| (i + 1..nodes).map(move |j| (i, j)));
        let edges: Vec<Edge> = pairs.map(|(i, j)| Edge::new(i, j, ((i * 31 + j * 17) as f64).sin() + 0.01)).collect();
        let graph = Graph::new(nodes, None, false, edges).unwrap();
        let options = NetworkOptions { layout: NetworkLayout::Circle, ..NetworkOptions::default() };
        let figure = network(&graph, &options, &Context::new()).unwrap();
        let bundle = bundle(&figure, LIMIT).unwrap();
        assert!(total(&bundle) < LIMIT + 10_000 && total(&bundle) > LIMIT / 2, "{}", total(&bundle));
        let note = text(&bundle, "text/plain").split_once("(the ").unwrap().1.to_string();
        let (shown, behind) = note.split_once(" strongest of ").unwrap();
        assert!(behind.starts_with(&format!("{} edges; ", graph.n_edges())), "{note}");
        let svg = text(&bundle, "image/svg+xml");
        assert_eq!(svg.matches("<title>x").count() - svg.matches("degree").count(), shown.parse::<usize>().unwrap());
        assert!(svg.contains(&format!("the {shown} strongest of")));
        assert!(bundle.get(PLOTLY).unwrap()["layout"]["annotations"].to_string().contains("strongest of"));
    }

    #[test]
    fn pictures_alone_and_figures_of_many_panels_find_room_too() {
        let html = picture(&noise(400, 300), 100_000).unwrap();
        assert!(html.starts_with("<img") && saved_size(&html) < 100_000);
        let grid = Figure::grid(&[noise(300, 300), noise(300, 300), noise(300, 300)], None, None).unwrap();
        assert!(total(&bundle(&grid, LIMIT).unwrap()) < LIMIT + 10_000);
        assert!(bundle(&noise(300, 300), 10).is_none());
    }
}
