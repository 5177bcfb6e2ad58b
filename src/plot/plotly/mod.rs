//! The scene as Plotly's JSON. The `plotly` crate knows the vocabulary; what it lacks is added to its JSON.

mod layout;
mod traces;

use std::collections::HashSet;

use plotly::common::Position;
use serde_json::{Value, json};

use super::labels::{SIDES, panel_sides};
use super::paint::Paint;
use super::scene::{Panel, Scene, Trace};
use super::svg::Frame;

/// The size of the picture for which sides of labels are chosen, in pixels.
const NOMINAL: (f64, f64) = (1150.0, 760.0);
const LABEL_FONT: usize = 12;

/// `{"data": [..], "layout": {..}}`.
pub(super) fn figure_json(scene: &Scene) -> Value {
    let mut data = Vec::new();
    let legend: HashSet<(&str, Paint)> = scene.legend().into_iter().filter_map(Trace::legend).collect();
    let (mut shown, mut taken) = (HashSet::new(), HashSet::new());
    for (i, panel) in scene.panels.iter().enumerate() {
        for (trace, sides) in panel.traces.iter().zip(label_sides(panel, scene)) {
            let entry = trace.legend();
            let is_new = entry.is_some_and(|entry| legend.contains(&entry) && shown.insert(entry));
            for mut value in traces::trace_json(trace, sides, scene) {
                let first = is_new && value.get("name").is_some();
                if first {
                    value["name"] = json!(escape(&scene.legend_text(trace)));
                }
                if let Some((name, _)) = entry {
                    value["legendgroup"] = json!(escape(name));
                }
                // Several Plotly traces may stand for one of ours: the first has the entry.
                value["showlegend"] = json!(first && entry.is_some_and(|(name, _)| taken.insert(name)));
                value["xaxis"] = json!(axis_name("x", i));
                value["yaxis"] = json!(axis_name("y", i));
                data.push(value);
            }
        }
    }
    json!({ "data": data, "layout": layout::layout(scene) })
}

/// Text for Plotly, which reads a little HTML.
fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let lines: Vec<String> =
        text.split('\n').map(|line| line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()).collect();
    lines.join("<br>")
}

fn axis_name(letter: &str, panel: usize) -> String {
    if panel == 0 { letter.into() } else { format!("{letter}{}", panel + 1) }
}

/// What serde makes of one of the crate's values. They are plain data, for which it cannot fail.
fn to_value(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// The sides of the labels of every trace of a panel, chosen for a window of common size.
fn label_sides(panel: &Panel, scene: &Scene) -> Vec<Vec<Position>> {
    let height = NOMINAL.1.max(scene.least_height());
    let size = (NOMINAL.0 / scene.columns.max(1) as f64, height / scene.rows().max(1) as f64);
    let frame = Frame::fit(panel, [45.0, 25.0, size.0 - 90.0, size.1 - 50.0]);
    let position = |side: usize| match SIDES[side] {
        (1, 0) => Position::MiddleRight,
        (-1, 0) => Position::MiddleLeft,
        (0, -1) => Position::TopCenter,
        (0, 1) => Position::BottomCenter,
        (1, -1) => Position::TopRight,
        (-1, -1) => Position::TopLeft,
        (1, 1) => Position::BottomRight,
        _ => Position::BottomLeft,
    };
    let sides = panel_sides(panel, &frame, [0.0, 0.0, size.0, size.1], LABEL_FONT as f64);
    sides.into_iter().map(|sides| sides.into_iter().map(position).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::scene::{BoxMark, Boxes, Markers};
    use super::super::{Axis, Figure, curves::lines};
    use super::*;

    #[test]
    fn every_point_and_name_arrives() {
        let series = [("a".into(), vec![0.1, 1.0], vec![1.0, f64::NAN]), ("<b>".into(), vec![1.0], vec![2.0])];
        let value = lines(&series, "lambda", "score", true).to_json();
        let drawn: Vec<&Value> =
            value["data"].as_array().unwrap().iter().filter(|trace| trace["mode"] == "lines").collect();
        assert_eq!((drawn[0]["x"].clone(), drawn[0]["y"].clone()), (json!([0.1, 1.0]), json!([1.0, null])));
        assert_eq!(drawn[1]["name"], "&lt;b&gt;");
        assert_eq!(value["layout"]["xaxis"]["type"], "log");
        assert_eq!(value["layout"]["xaxis"]["title"]["text"], "lambda");
    }

    #[test]
    fn boxes_stand_at_numbers_with_names_and_share_a_legend_entry_with_their_points() {
        let mark = |x: f64| BoxMark { x, quartiles: [1.0, 2.0, 3.0], whiskers: [0.0, 4.0], hover: String::new() };
        let series = |name: &str, x: f64, paint: Paint| {
            let boxes = Boxes { name: name.into(), marks: vec![mark(x)], width: 0.4, paint };
            let points = Markers { name: name.into(), ..Markers::new(vec![x], vec![9.0], 5.0, paint) };
            [Trace::Boxes(boxes), Trace::Markers(points)]
        };
        let traces = [series("a", -0.2, Paint::Series(0)), series("b", 0.2, Paint::Series(1))].concat();
        let x = Axis::categories("method", vec!["<glasso>".into()]);
        let value = Figure::new(None, Panel { traces, x, ..Panel::default() }).to_json();
        let (data, axis) = (value["data"].as_array().unwrap(), &value["layout"]["xaxis"]);
        let part = |key: &str| data.iter().map(|trace| trace[key].clone()).collect::<Vec<Value>>();
        assert_eq!(part("showlegend"), [json!(true), json!(false), json!(true), json!(false)]);
        assert_eq!(part("legendgroup"), [json!("a"), json!("a"), json!("b"), json!("b")]);
        assert_eq!(
            (&data[0]["q1"], &data[2]["upperfence"], &data[2]["x"]),
            (&json!([1.0]), &json!([4.0]), &json!([0.2]))
        );
        assert_eq!((&axis["ticktext"], &axis["range"]), (&json!(["&lt;glasso&gt;"]), &json!([-0.5, 0.5])));
        assert_eq!(value["layout"]["boxmode"], "overlay");
    }
}
