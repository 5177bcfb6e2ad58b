//! Adam (Kingma, Ba, ICLR 2015), in double precision on the processor: a cell has a few dozen parameters.

/// Moments of the gradients so far.
#[derive(Debug, Clone)]
pub struct Adam {
    rate: f64,
    first: Vec<f64>,
    second: Vec<f64>,
    steps: i32,
}

/// How much of the last moments is kept.
pub(super) const DECAY: [f64; 2] = [0.9, 0.999];
/// Keeps steps finite where there is no gradient.
pub(super) const EPSILON: f64 = 1e-8;

impl Adam {
    /// For this many parameters.
    pub fn new(parameters: usize, rate: f64) -> Self {
        Self { rate, first: vec![0.0; parameters], second: vec![0.0; parameters], steps: 0 }
    }

    /// Multiplies the learning rate.
    pub fn scale_rate(&mut self, factor: f64) {
        self.rate *= factor;
    }

    /// One step against the gradient.
    pub fn step(&mut self, parameters: &mut [f64], gradient: &[f64]) {
        self.steps += 1;
        let [bias_1, bias_2] = DECAY.map(|decay| 1.0 - decay.powi(self.steps));
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((parameter, &g), (first, second)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *first = DECAY[0] * *first + (1.0 - DECAY[0]) * g;
            *second = DECAY[1] * *second + (1.0 - DECAY[1]) * g * g;
            *parameter -= self.rate / bias_1 * *first / ((*second / bias_2).sqrt() + EPSILON);
        }
    }
}
