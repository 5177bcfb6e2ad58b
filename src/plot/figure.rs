//! The figure that scripts, notebooks and the program hold.

use std::sync::Arc;

use serde::Deserialize;

use crate::context::Context;
use crate::data::file::{extension, unknown_extension, write_atomic};
use crate::detached::detached;
use crate::engine_type;
use crate::error::{Error, Result};

use super::scene::{Panel, Scene};
use super::{html, plotly, svg};

/// Where a page takes plotly.js from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JsSource {
    /// From inside the page, which is then 1.4 MB larger and needs no network.
    #[default]
    Embedded,
    /// From `cdn.plot.ly`. Without a network the page shows its static picture.
    Cdn,
}

/// A figure: panels with traces, not yet drawn. Clones share it.
#[derive(Debug, Clone)]
pub struct Figure {
    scene: Arc<Scene>,
}

engine_type!(Figure, "Figure", saved);

impl Figure {
    /// A figure of one panel.
    pub fn new(title: Option<&str>, panel: Panel) -> Self {
        Self { scene: Arc::new(Scene { title: title.map(String::from), panels: vec![panel], columns: 1 }) }
    }

    /// The figure that a scene describes.
    pub(super) fn of_scene(scene: Scene) -> Self {
        Self { scene: Arc::new(scene) }
    }

    /// The panels of several figures in one, `columns` beside each other (about a square when not given). The
    /// figures' titles become those of their panels.
    ///
    /// # Errors
    /// Without figures, or with 0 columns.
    pub fn grid(figures: &[Self], columns: Option<usize>, title: Option<&str>) -> Result<Self> {
        if figures.is_empty() || columns == Some(0) {
            return Err(Error::argument("a grid needs at least one figure and one column"));
        }
        let panels: Vec<Panel> = figures.iter().flat_map(|figure| figure.named_panels()).collect();
        let columns = columns.unwrap_or_else(|| (panels.len() as f64).sqrt().ceil() as usize).min(panels.len());
        Ok(Self { scene: Arc::new(Scene { title: title.map(String::from), panels, columns }) })
    }

    fn named_panels(&self) -> Vec<Panel> {
        let mut panels = self.scene.panels.clone();
        if let [panel] = panels.as_mut_slice() {
            panel.title = panel.title.take().or_else(|| self.scene.title.clone());
        }
        panels
    }

    /// The same figure under another title; an empty one takes it away.
    #[must_use]
    pub fn with_title(&self, title: &str) -> Self {
        let title = (!title.is_empty()).then(|| title.to_string());
        Self { scene: Arc::new(Scene { title, ..(*self.scene).clone() }) }
    }

    /// The same figure with other titles of its axes, where they are given.
    #[must_use]
    pub fn with_axis_titles(&self, x: Option<&str>, y: Option<&str>) -> Self {
        let mut scene = (*self.scene).clone();
        for panel in &mut scene.panels {
            for (axis, title) in [(&mut panel.x, x), (&mut panel.y, y)] {
                if let Some(title) = title {
                    axis.title = title.into();
                }
            }
        }
        Self { scene: Arc::new(scene) }
    }

    /// The title.
    pub fn title(&self) -> Option<&str> {
        self.scene.title.as_deref()
    }

    /// About as many bytes as its parts take.
    pub(crate) fn bytes(&self) -> usize {
        self.scene.bytes()
    }

    /// About as many numbers as there are in it; sixteen letters count as one.
    pub(crate) fn numbers(&self) -> usize {
        self.scene.numbers()
    }

    /// What the figure consists of.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// As Plotly takes it: `{"data": [traces], "layout": {..}}`.
    pub fn to_json(&self) -> serde_json::Value {
        plotly::figure_json(&self.scene)
    }

    /// As it is saved: what Plotly takes, and beside it what the figure consists of, which Plotly does not look at.
    pub fn to_saved_json(&self) -> serde_json::Value {
        let mut json = self.to_json();
        json["type"] = "Figure".into();
        // A scene is plain data, for which this cannot fail.
        json["scene"] = serde_json::to_value(&*self.scene).unwrap_or_default();
        json
    }

    /// The figure that was saved.
    ///
    /// # Errors
    /// JSON of another shape.
    pub fn from_saved_json(json: &serde_json::Value) -> Result<Self> {
        let scene = json
            .get("scene")
            .ok_or_else(|| Error::data("this is a figure of Plotly, not one that sinew saved: it has no \"scene\""))?;
        let scene = Scene::deserialize(scene)
            .map_err(|error| Error::data(format!("this is not as sinew saves it: \"scene\": {error}")))?;
        // What draws it goes through several lists at once.
        match scene.is_whole() {
            true => Ok(Self::of_scene(scene)),
            false => Err(Error::data("this is not as sinew saves it: the lists of \"scene\" have different lengths")),
        }
    }

    /// As a static picture: a whole SVG document without references to anything outside.
    pub fn to_svg(&self) -> String {
        svg::document(&self.scene)
    }

    /// As a whole HTML page.
    pub fn to_html(&self, js: JsSource) -> String {
        html::page(self, js)
    }

    /// As a block inside somebody else's page, a notebook: draws with `window.Plotly` where the page has it, and
    /// shows the static picture where not. `id` tells this figure from the others of the page.
    pub fn to_html_block(&self, id: &str) -> String {
        html::block(self, id)
    }

    /// The static picture as an HTML image that needs nothing else.
    pub fn to_html_image(&self) -> String {
        html::picture(self)
    }

    /// As notebooks with Plotly take it (`application/vnd.plotly.v1+json`): [`Figure::to_json`] with a height, which a
    /// notebook does not give, and the settings of the tool bar.
    pub fn to_notebook_json(&self) -> serde_json::Value {
        html::notebook_json(self)
    }

    /// Writes the figure in the format that the path's ending says: `.html`, `.svg` or `.json`.
    ///
    /// # Errors
    /// Another ending; a file that cannot be written or that the context forbids; limits of the context.
    pub fn save(&self, path: &str, ctx: &Context, js: JsSource) -> Result<()> {
        let drawn: fn(&Self, JsSource) -> String = match extension(path).as_str() {
            "html" | "htm" => Self::to_html,
            "svg" => |figure: &Self, _: JsSource| figure.to_svg(),
            "json" => |figure: &Self, _: JsSource| figure.to_saved_json().to_string(),
            _ => return Err(unknown_extension(path, ".html, .svg, .json")),
        };
        let figure = self.clone();
        // A drawing is made in one piece.
        let text = detached(ctx, move || drawn(&figure, js))?;
        write_atomic(path, ctx, |file| file.write_all(text.as_bytes()))
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Figure")?;
        if let Some(title) = self.title() {
            write!(f, " \"{title}\"")?;
        }
        match self.scene.panels.as_slice() {
            [panel] => write!(f, ": {}", panel.summary),
            panels => {
                let summaries: Vec<&str> = panels.iter().map(|panel| panel.summary.as_str()).collect();
                write!(f, ": {} panels ({})", panels.len(), summaries.join("; "))
            }
        }
    }
}
