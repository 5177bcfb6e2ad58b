//! The functions of Rust by which a method is told what scripts say in options.

/// A function for each line, which sets one field and gives the method back: `tol: f64 => tol;` takes a number and sets
/// `self.tol`, `weights: Matrix => base.weights = Some;` sets `self.base.weights` to `Some` of what it takes. What stands
/// above a line is its documentation. What sets more than one field is written out, beside these.
macro_rules! setters {
    ($($(#[$doc:meta])+ $name:ident: $type:ty => $($field:ident).+ $(= $through:path)?;)+) => { $(
        $(#[$doc])+
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$($field).+ = $($through)? ($name);
            self
        }
    )+ };
}
pub(super) use setters;
