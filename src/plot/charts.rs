//! Charts of numbers: points, bars, boxes, histograms. What is missing or infinite is left out, and the summary of the
//! figure says how much that is.

use crate::data::number;
use crate::error::{Error, Result};

use super::curves::{Series, curves};
use super::figure::Figure;
use super::paint::Paint;
use super::scene::{Axis, Bars, BoxMark, Boxes, Markers, Panel, Trace};
use super::statistics::{FiveNumbers, bins, categorize, five_numbers};

/// A box of at most so many values shows each of them.
const FEW: usize = 12;
/// Up to how many points have their names beside them.
const NAMED: usize = 80;
/// Up to how many points the pointer finds.
const HOVERED: usize = 5_000;
/// The part of a category's room that its bars or boxes take.
const FILLED: f64 = 0.8;

/// Points, and what is known about each of them.
#[derive(Debug, Clone, Default)]
pub struct Points {
    /// Horizontal positions.
    pub x: Vec<f64>,
    /// Vertical positions, as many.
    pub y: Vec<f64>,
    /// The group of each point, shown by colour; the list may be empty.
    pub groups: Vec<String>,
    /// The name of each point, which stands beside it where there are at most 80; the list may be empty.
    pub labels: Vec<String>,
}

impl Points {
    fn check(&self) -> Result<()> {
        let count = self.x.len();
        if self.y.len() != count {
            return Err(Error::shape(format!("{count} numbers on x, {} on y", self.y.len())));
        }
        for (list, what) in [(&self.groups, "groups"), (&self.labels, "labels")] {
            if !list.is_empty() && list.len() != count {
                return Err(Error::shape(format!("{} {what} for {count} points", list.len())));
            }
        }
        Ok(())
    }

    /// What the pointer shows at a point.
    fn hover(&self, i: usize) -> String {
        let names = [self.labels.get(i), self.groups.get(i)];
        let mut lines: Vec<String> = names.into_iter().flatten().filter(|name| !name.is_empty()).cloned().collect();
        lines.push(format!("({}, {})", number(self.x[i]), number(self.y[i])));
        lines.join("\n")
    }

    /// The points at these positions, which share a colour.
    fn markers(&self, positions: &[usize], total: usize, paint: Paint) -> Markers {
        let pick = |values: &[f64]| positions.iter().map(|&i| values[i]).collect::<Vec<f64>>();
        // More points are smaller and let others shine through.
        let (size, opacity) = match total {
            0..=200 => (8.0, 0.9),
            201..=1000 => (6.0, 0.7),
            _ => (4.5, 0.5),
        };
        let mut markers = Markers::new(pick(&self.x), pick(&self.y), size, paint);
        markers.opacity = opacity;
        if total <= HOVERED {
            markers.hover = positions.iter().map(|&i| self.hover(i)).collect();
        }
        if total <= NAMED && !self.labels.is_empty() {
            markers.labels = positions.iter().map(|&i| self.labels[i].clone()).collect();
        }
        markers
    }
}

/// A figure of one line a series through its points in their order. A logarithmic axis leaves out what is not positive.
///
/// # Errors
/// Lists of different lengths; no point that can be drawn.
pub fn line_chart(series: &[Series], x: Axis, y: Axis) -> Result<Figure> {
    if let Some((_, xs, ys)) = series.iter().find(|(_, xs, ys)| xs.len() != ys.len()) {
        return Err(Error::shape(format!("{} numbers on x, {} on y", xs.len(), ys.len())));
    }
    let shown = |(_, xs, ys): &Series| xs.iter().zip(ys).any(|(&a, &b)| x.shows(a) && y.shows(b));
    if !series.iter().any(shown) {
        return Err(nothing("a line", x.log || y.log));
    }
    Ok(curves(series, x, y))
}

/// A figure of points. A logarithmic axis leaves out what is not positive.
///
/// # Errors
/// Lists of different lengths; no point that can be drawn.
pub fn scatter(points: &Points, x: Axis, y: Axis) -> Result<Figure> {
    points.check()?;
    let drawn: Vec<usize> = (0..points.x.len()).filter(|&i| x.shows(points.x[i]) && y.shows(points.y[i])).collect();
    if drawn.is_empty() {
        return Err(nothing("a scatter plot", x.log || y.log));
    }
    let (numbers, groups) = categorize(drawn.iter().filter_map(|&i| points.groups.get(i).cloned()));
    let traces = if groups.is_empty() {
        vec![Trace::Markers(points.markers(&drawn, drawn.len(), Paint::Series(0)))]
    } else {
        let mut members = vec![Vec::new(); groups.len()];
        drawn.iter().zip(&numbers).for_each(|(&i, &group)| members[group].push(i));
        let series = groups.iter().zip(&members).enumerate().map(|(k, (name, members))| {
            let markers = points.markers(members, drawn.len(), Paint::Series(k));
            Trace::Markers(Markers { name: name.clone(), ..markers })
        });
        series.collect()
    };
    let mut summary = format!("scatter, {}", counted(drawn.len(), "point"));
    if groups.len() > 1 {
        summary += &format!(" in {} groups", groups.len());
    }
    summary += &left_out(points.x.len() - drawn.len(), x.log || y.log);
    Ok(Figure::new(None, Panel { traces, x, y, summary, ..Panel::default() }))
}

/// A figure of bars: one for each category of every series, given as its name and a number a category. Bars of one
/// category stand side by side.
///
/// # Errors
/// A series with another number of values than there are categories; no finite value.
pub fn bar(categories: &[String], series: &[(String, Vec<f64>)]) -> Result<Figure> {
    Ok(Figure::new(None, bar_panel(categories, series)?))
}

/// The panel of [`bar`].
pub(super) fn bar_panel(categories: &[String], series: &[(String, Vec<f64>)]) -> Result<Panel> {
    check_lengths(categories, series.iter().map(|(name, values)| (name.as_str(), values.len())))?;
    let missing = series.iter().flat_map(|(_, values)| values).filter(|value| !value.is_finite()).count();
    if missing == series.len() * categories.len() {
        return Err(nothing("a bar chart", false));
    }
    let width = FILLED / series.len() as f64;
    let traces = series.iter().enumerate().map(|(k, (name, values))| {
        let start = |i: usize| i as f64 - 0.5 * FILLED + k as f64 * width;
        let hover = |(category, value): (&String, &f64)| format!("{}\n{}", titled(category, name), number(*value));
        Trace::Bars(Bars {
            name: name.clone(),
            spans: (0..values.len()).map(|i| [start(i), start(i) + width]).collect(),
            heights: values.clone(),
            hover: categories.iter().zip(values).map(hover).collect(),
            paint: Paint::Series(k),
        })
    });
    let summary = format!("bars, {}{}", shape(categories.len(), series.len()), left_out(missing, false));
    let x = Axis::categories("", categories.to_vec());
    Ok(Panel { traces: traces.collect(), x, y: Axis::linear(""), summary, ..Panel::default() })
}

/// A figure of boxes, one a group of values: quartiles (type 7, as in R), whiskers at the most distant values within
/// 1.5 interquartile ranges, points for what lies beyond, and for every value of a group with at most 12.
///
/// # Errors
/// No finite value.
pub fn boxes(groups: &[(String, Vec<f64>)], y_title: &str) -> Result<Figure> {
    let (categories, values): (Vec<String>, Vec<Vec<f64>>) = groups.iter().cloned().unzip();
    Ok(grouped_boxes(&categories, &[(String::new(), values)])?.with_axis_titles(None, Some(y_title)))
}

/// A figure of boxes of several series: each has a name and the values of every category. Boxes of one category
/// stand side by side.
///
/// # Errors
/// A series of another number of categories; no finite value.
pub fn grouped_boxes(categories: &[String], series: &[(String, Vec<Vec<f64>>)]) -> Result<Figure> {
    check_lengths(categories, series.iter().map(|(name, lists)| (name.as_str(), lists.len())))?;
    let values = || series.iter().flat_map(|(_, lists)| lists).flatten();
    let missing = values().filter(|value| !value.is_finite()).count();
    if missing == values().count() {
        return Err(nothing("a box plot", false));
    }
    let room = FILLED / series.len() as f64;
    let traces = series.iter().enumerate().flat_map(|(k, (name, lists))| {
        let start = (k as f64 + 0.5) * room - 0.5 * FILLED;
        box_series(name, categories, lists, [start, room], Paint::Series(k))
    });
    let summary = format!("boxes, {}{}", shape(categories.len(), series.len()), left_out(missing, false));
    let (traces, x) = (traces.collect(), Axis::categories("", categories.to_vec()));
    Ok(Figure::new(None, Panel { traces, x, y: Axis::linear(""), summary, ..Panel::default() }))
}

/// The boxes of one series and their points; the first box stands at `start` and takes `room`.
fn box_series(
    name: &str,
    categories: &[String],
    lists: &[Vec<f64>],
    [start, room]: [f64; 2],
    paint: Paint,
) -> [Trace; 2] {
    let (mut marks, mut x, mut y, mut hover) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (i, (category, values)) in categories.iter().zip(lists).enumerate() {
        let sorted = finite(values);
        let Some(FiveNumbers { quartiles, whiskers, outliers }) = five_numbers(&sorted) else { continue };
        let (middle, title) = (start + i as f64, titled(category, name));
        let few = sorted.len() <= FEW;
        let shown = if few { &sorted } else { &outliers };
        for (j, &value) in shown.iter().enumerate() {
            // Multiples of the golden ratio fill a width evenly, so that equal values do not cover each other.
            let aside = if few { (0.5 + 0.618_034 * j as f64).fract() - 0.5 } else { 0.0 };
            x.push(middle + 0.5 * room * aside);
            y.push(value);
            hover.push(format!("{title}\n{}", number(value)));
        }
        let [q1, median, q3, low, high] =
            [quartiles[0], quartiles[1], quartiles[2], whiskers[0], whiskers[1]].map(number);
        let count = counted(sorted.len(), "value");
        let hover = format!("{title}\n{count}, median {median}\nquartiles {q1}, {q3}\nwhiskers {low}, {high}");
        marks.push(BoxMark { x: middle, quartiles, whiskers, hover });
    }
    let boxes = Boxes { name: name.into(), marks, width: 0.75 * room, paint };
    let points = Markers { name: name.into(), hover, opacity: 0.6, ..Markers::new(x, y, 7.0, paint) };
    [Trace::Boxes(boxes), Trace::Markers(points)]
}

/// A figure of how many values fall into intervals of equal width; with `density`, areas add up to 1. Without a
/// number of bins, Freedman and Diaconis choose it, or Sturges where the interquartile range is 0.
///
/// # Errors
/// No finite value; 0 or more than 10,000 bins.
pub fn histogram(values: &[f64], wanted: Option<usize>, density: bool) -> Result<Figure> {
    let sorted = finite(values);
    let found = bins(&sorted, wanted)?;
    let spans: Vec<[f64; 2]> = found.edges.windows(2).map(|pair| [pair[0], pair[1]]).collect();
    let height = |(&[from, to], &count): (&[f64; 2], &usize)| {
        if density { count as f64 / (sorted.len() as f64 * (to - from)) } else { count as f64 }
    };
    let heights: Vec<f64> = spans.iter().zip(&found.counts).map(height).collect();
    let text = |(&[from, to], &count): (&[f64; 2], &usize)| {
        format!("{} to {}\n{}", number(from), number(to), counted(count, "value"))
    };
    let hover = spans.iter().zip(&found.counts).map(text).collect();
    let summary = format!(
        "histogram, {} in {}{}",
        counted(sorted.len(), "value"),
        counted(spans.len(), "bin"),
        left_out(values.len() - sorted.len(), false)
    );
    let bars = Bars { name: String::new(), spans, heights, hover, paint: Paint::Series(0) };
    let y = if density { Axis::linear("density") } else { Axis::whole("count") };
    Ok(Figure::new(None, Panel { traces: vec![Trace::Bars(bars)], y, summary, ..Panel::default() }))
}

/// The finite values in ascending order.
fn finite(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn check_lengths<'a>(categories: &[String], series: impl Iterator<Item = (&'a str, usize)>) -> Result<()> {
    for (name, count) in series {
        if count != categories.len() {
            let of = if name.is_empty() { String::new() } else { format!(" of '{name}'") };
            return Err(Error::shape(format!("{count} values{of} for {}", shape(categories.len(), 1))));
        }
    }
    Ok(())
}

/// The error for a chart without anything to draw.
fn nothing(what: &str, log: bool) -> Error {
    let (place, numbers) = if log { (" on a logarithmic axis", "numbers above 0") } else { ("", "finite numbers") };
    Error::data(format!("{what}{place} needs {numbers}, there are none"))
}

/// What a summary says about values that are not in the picture.
pub(super) fn left_out(count: usize, log: bool) -> String {
    match (count, log) {
        (0, _) => String::new(),
        (_, false) => format!(", {count} missing"),
        (_, true) => format!(", {count} missing or not above 0"),
    }
}

/// How many categories, and series where there are several.
pub(super) fn shape(categories: usize, series: usize) -> String {
    let text = format!("{categories} categor{}", if categories == 1 { "y" } else { "ies" });
    if series > 1 { format!("{text} x {series} series") } else { text }
}

/// `1 value`, `2 values`.
pub(super) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A category, and its series where that has a name.
fn titled(category: &str, series: &str) -> String {
    if series.is_empty() { category.into() } else { format!("{category}, {series}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(figure: &Figure) -> &[Trace] {
        &figure.scene().panels[0].traces
    }

    #[test]
    fn points_are_coloured_by_group_and_missing_ones_counted() {
        let points = Points {
            x: vec![1.0, 2.0, f64::NAN, 4.0, 0.0],
            y: vec![1.0; 5],
            groups: ["b", "a", "c", "b", "a"].map(String::from).to_vec(),
            labels: Vec::new(),
        };
        let figure = scatter(&points, Axis::log("dose"), Axis::linear("")).unwrap();
        assert!(figure.to_string().ends_with("scatter, 3 points in 2 groups, 2 missing or not above 0"), "{figure}");
        let [Trace::Markers(b), Trace::Markers(a)] = traces(&figure) else { panic!("two groups") };
        assert_eq!((b.name.as_str(), &b.x[..], a.name.as_str(), &a.x[..]), ("b", &[1.0, 4.0][..], "a", &[2.0][..]));
        assert_eq!(a.hover, ["a\n(2, 1)"]);
        let none = Points { x: vec![f64::NAN], y: vec![0.0], ..Points::default() };
        assert!(scatter(&none, Axis::linear(""), Axis::linear("")).unwrap_err().message().contains("finite numbers"));
        assert!(scatter(&Points { y: vec![], ..none }, Axis::linear(""), Axis::linear("")).is_err());
    }

    #[test]
    fn bars_of_a_category_stand_side_by_side() {
        let names = ["x", "y"].map(String::from);
        let series = [("a".to_string(), vec![1.0, 2.0]), ("b".to_string(), vec![f64::NAN, -1.0])];
        let figure = bar(&names, &series).unwrap();
        let [Trace::Bars(a), Trace::Bars(b)] = traces(&figure) else { panic!("two series") };
        assert!((a.spans[1][1] - b.spans[1][0]).abs() < 1e-12 && a.spans[0][0] == -0.4 && b.hover[1] == "y, b\n-1");
        assert!(figure.to_string().contains("2 categories x 2 series, 1 missing"), "{figure}");
        assert!(bar(&names, &series[..0]).is_err() && bar(&names[..1], &series).is_err());
    }

    #[test]
    fn few_values_are_all_shown_and_of_many_those_far_out() {
        let many: Vec<f64> = (0..40).map(f64::from).chain([1000.0]).collect();
        let groups = [("few".to_string(), vec![1.0, 1.0, f64::INFINITY]), ("many".to_string(), many)];
        let figure = boxes(&groups, "score").unwrap();
        let [Trace::Boxes(boxes), Trace::Markers(points)] = traces(&figure) else { panic!("boxes and points") };
        assert_eq!((boxes.marks.len(), boxes.marks[1].whiskers), (2, [0.0, 39.0]));
        assert_eq!(points.y, [1.0, 1.0, 1000.0]);
        assert!(points.x[0] != points.x[1] && points.x[2] == 1.0);
        assert!(figure.to_string().contains("boxes, 2 categories, 1 missing"), "{figure}");
    }

    #[test]
    fn densities_add_up_to_1() {
        let figure = histogram(&[0.0, 1.0, 1.0, f64::NAN, 4.0], Some(2), true).unwrap();
        let [Trace::Bars(bars)] = traces(&figure) else { panic!("bars") };
        assert_eq!((&bars.heights[..], &bars.spans[..]), (&[0.375, 0.125][..], &[[0.0, 2.0], [2.0, 4.0]][..]));
        assert!(figure.to_string().contains("histogram, 4 values in 2 bins, 1 missing"), "{figure}");
        assert!(histogram(&[f64::NAN], None, false).is_err());
    }
}
