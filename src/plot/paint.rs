//! Colours by what they mean, each with a value for light and one for dark backgrounds.

/// A colour of a figure. The series are those of Okabe and Ito, which colour-blind readers can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Paint {
    /// Text and axes.
    Ink,
    /// What should stand back: ticks, edges without a sign.
    Muted,
    /// Grid lines.
    Grid,
    /// The background.
    Paper,
    /// Nodes of a network.
    Node,
    /// The colour of a series; after the last one they start again.
    Series(usize),
}

/// Light and dark values of the series.
const SERIES: [(&str, &str); 7] = [
    ("#0072B2", "#4AA8E8"),
    ("#D55E00", "#FF8B3E"),
    ("#009E73", "#2BC79A"),
    ("#CC79A7", "#E59CC5"),
    ("#E69F00", "#F6BC46"),
    ("#56B4E9", "#95D3F7"),
    ("#7A6A4F", "#C4B393"),
];

impl Paint {
    /// Blue: edges with a positive weight.
    pub const POSITIVE: Self = Self::Series(0);
    /// Vermillion: edges with a negative weight.
    pub const NEGATIVE: Self = Self::Series(1);

    /// Every paint once.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let plain = [Self::Ink, Self::Muted, Self::Grid, Self::Paper, Self::Node];
        plain.into_iter().chain((0..SERIES.len()).map(Self::Series))
    }

    /// The colour on a light background, as `#rrggbb`.
    pub fn light(self) -> &'static str {
        self.pair().0
    }

    /// The colour on a dark background, as `#rrggbb`.
    pub fn dark(self) -> &'static str {
        self.pair().1
    }

    fn pair(self) -> (&'static str, &'static str) {
        match self {
            Self::Ink => ("#1F2630", "#E4E8EE"),
            Self::Muted => ("#7D8794", "#8E98A6"),
            Self::Grid => ("#E5E8EC", "#2B313A"),
            Self::Paper => ("#FFFFFF", "#14181E"),
            Self::Node => ("#465262", "#C3CBD6"),
            Self::Series(i) => SERIES[i % SERIES.len()],
        }
    }

    /// A short name, for the classes of a style sheet.
    pub(super) fn class(self) -> String {
        match self {
            Self::Ink => "ink".into(),
            Self::Muted => "muted".into(),
            Self::Grid => "grid".into(),
            Self::Paper => "paper".into(),
            Self::Node => "node".into(),
            Self::Series(i) => format!("c{}", i % SERIES.len()),
        }
    }
}

/// How numbers become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ColorScale {
    /// Vermillion below 0, blue above, pale at 0; the bounds are symmetric.
    Diverging,
    /// Pale to blue.
    Sequential,
}

type Rgb = [f64; 3];

impl ColorScale {
    /// How many steps the static picture has; odd, so that one of them is 0.
    pub(super) const LEVELS: usize = 65;

    fn stops(self, dark: bool) -> [Rgb; 3] {
        match (self, dark) {
            (Self::Diverging, false) => [[213.0, 94.0, 0.0], [246.0, 247.0, 248.0], [0.0, 114.0, 178.0]],
            (Self::Diverging, true) => [[213.0, 94.0, 0.0], [33.0, 39.0, 47.0], [0.0, 114.0, 178.0]],
            (Self::Sequential, false) => [[244.0, 247.0, 251.0], [92.0, 166.0, 212.0], [8.0, 64.0, 120.0]],
            (Self::Sequential, true) => [[30.0, 36.0, 44.0], [16.0, 98.0, 152.0], [120.0, 196.0, 246.0]],
        }
    }

    /// The colour at `position` between 0 and 1, as `#rrggbb`.
    pub(super) fn color(self, position: f64, dark: bool) -> String {
        let stops = self.stops(dark);
        let scaled = position.clamp(0.0, 1.0) * 2.0;
        let (from, to, share) =
            if scaled <= 1.0 { (stops[0], stops[1], scaled) } else { (stops[1], stops[2], scaled - 1.0) };
        let mix = |i: usize| (from[i] + (to[i] - from[i]) * share).round() as u8;
        format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
    }

    /// Which of the steps a position between 0 and 1 falls on.
    pub(super) fn level(position: f64) -> usize {
        (position.clamp(0.0, 1.0) * (Self::LEVELS - 1) as f64).round() as usize
    }

    /// The paint of a number written on the colour at `position`.
    pub(super) fn text_is_white(self, position: f64) -> bool {
        match self {
            Self::Diverging => (position - 0.5).abs() > 0.3,
            Self::Sequential => position > 0.45 && position < 0.9,
        }
    }
}
