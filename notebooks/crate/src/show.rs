//! What a cell shows of what stands last in it.

use std::any::Any;
use std::fmt::Display;
use std::io::Write;

use sinew::data::{Groups, Mask, SparseMatrix};
use sinew::model::{Fit, JointFit, NetworkComparison, Path, Simulation, Trained};
use sinew::notebook::{self, Bundle, Report};
use sinew::plot::Figure;
use sinew::script::ScriptError;
use sinew::{Error, Graph, Matrix, Table, Value, Vector};

/// Things of a list that are shown with all they have.
const LISTED: usize = 50;
/// Numbers or words of a list that are written out.
const WRITTEN: usize = 1000;

/// What a notebook shows of a value. evcxr calls [`Show::evcxr_display`] on what stands last in a cell; without it, a cell
/// has to be compiled twice.
pub trait Show {
    /// The value as the contents that a notebook chooses from.
    fn bundle(&self) -> Bundle;

    /// Makes the value the output of the cell. A cell has one output: a later call takes the place of an earlier one.
    fn evcxr_display(&self) {
        write(&self.bundle());
    }

    /// The same of a list of them.
    fn bundle_of(items: &[Self]) -> Bundle
    where
        Self: Sized,
    {
        let mut parts: Vec<Bundle> = items.iter().take(LISTED).map(Self::bundle).collect();
        if items.len() > LISTED {
            parts.push(Bundle::text(format!("... {} in all", items.len())));
        }
        notebook::compose(&parts)
    }
}

/// Several things as one output: `compose(&[&fit, &figure])`.
pub fn compose(parts: &[&dyn Show]) -> Bundle {
    notebook::compose(&parts.iter().map(|part| part.bundle()).collect::<Vec<_>>())
}

/// Writes an output in one piece, so that nothing else comes between its lines.
fn write(bundle: &Bundle) {
    let mut out = std::io::stdout().lock();
    // Where nobody reads there is nobody to tell.
    let _ = out.write_all(bundle.to_evcxr().as_bytes()).and_then(|()| out.flush());
}

/// An error as a notebook shows it, of whatever type.
fn failure<E: Display + 'static>(error: &E) -> Bundle {
    let any: &dyn Any = error;
    match (any.downcast_ref::<Error>(), any.downcast_ref::<ScriptError>()) {
        (Some(error), _) => notebook::error(error),
        (_, Some(error)) => notebook::error_text(&error.to_string()),
        _ => notebook::error_text(&format!("error: {error}")),
    }
}

macro_rules! show_engine_types {
    ($($type:ty),* $(,)?) => { $(
        impl Show for $type {
            fn bundle(&self) -> Bundle {
                notebook::bundle(&self.clone().into())
            }

            fn bundle_of(items: &[Self]) -> Bundle {
                notebook::bundle(&Value::List(items.iter().cloned().map(Value::from).collect()))
            }
        }
    )* };
}
show_engine_types! {
    Matrix, SparseMatrix, Vector, Mask, Table, Groups, Graph, Fit, Path, JointFit, NetworkComparison, Trained, Simulation,
    Figure, Report
}

/// Numbers and words stand in one line.
macro_rules! show_plain_types {
    ($($type:ty),* $(,)?) => { $(
        impl Show for $type {
            fn bundle(&self) -> Bundle {
                Bundle::text(self.to_string())
            }

            fn bundle_of(items: &[Self]) -> Bundle {
                let most = items.len().min(WRITTEN);
                let more = if most < items.len() { format!(" ... {} in all", items.len()) } else { String::new() };
                Bundle::text(format!("{:?}{more}", &items[..most]))
            }
        }
    )* };
}
show_plain_types! { f64, f32, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, bool, char, String, &str }

impl Show for () {
    fn bundle(&self) -> Bundle {
        Bundle { entries: Vec::new() }
    }
}

impl Show for Value {
    fn bundle(&self) -> Bundle {
        match self {
            Self::Unit => ().bundle(),
            other => notebook::bundle(other),
        }
    }
}

impl Show for Bundle {
    fn bundle(&self) -> Bundle {
        self.clone()
    }
}

impl Show for Error {
    fn bundle(&self) -> Bundle {
        failure(self)
    }
}

impl Show for ScriptError {
    fn bundle(&self) -> Bundle {
        failure(self)
    }
}

impl<T: Show, E: Display + 'static> Show for Result<T, E> {
    fn bundle(&self) -> Bundle {
        match self {
            Ok(value) => value.bundle(),
            Err(error) => failure(error),
        }
    }
}

impl<T: Show> Show for Option<T> {
    fn bundle(&self) -> Bundle {
        self.as_ref().map_or_else(|| Bundle::text("None"), Show::bundle)
    }
}

impl<T: Show> Show for [T] {
    fn bundle(&self) -> Bundle {
        T::bundle_of(self)
    }
}

impl<T: Show> Show for Vec<T> {
    fn bundle(&self) -> Bundle {
        T::bundle_of(self)
    }
}

impl<T: Show, const N: usize> Show for [T; N] {
    fn bundle(&self) -> Bundle {
        T::bundle_of(self)
    }
}

macro_rules! show_references {
    ($($type:ty),* $(,)?) => { $(
        impl Show for &$type {
            fn bundle(&self) -> Bundle {
                (**self).bundle()
            }
        }
    )* };
}
// One by one, because `&str` is a plain type.
show_references! {
    Matrix, SparseMatrix, Vector, Mask, Table, Groups, Graph, Fit, Path, JointFit, NetworkComparison, Trained, Simulation,
    Figure, Report, Value, Bundle, String
}

macro_rules! show_tuples {
    ($($($name:ident),+;)*) => { $(
        impl<$($name: Show),+> Show for ($($name,)+) {
            fn bundle(&self) -> Bundle {
                #[allow(non_snake_case)]
                let ($($name,)+) = self;
                notebook::compose(&[$($name.bundle()),+])
            }
        }
    )* };
}
show_tuples! { A, B; A, B, C; A, B, C, D; A, B, C, D, E; A, B, C, D, E, F; }

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(of: &impl Show) -> String {
        let bundle = of.bundle();
        bundle.get("text/plain").and_then(|text| text.as_str()).unwrap_or_default().to_string()
    }

    fn html(of: &impl Show) -> String {
        let bundle = of.bundle();
        bundle.get("text/html").and_then(|text| text.as_str()).unwrap_or_default().to_string()
    }

    #[test]
    fn plain_values_and_lists_of_them() {
        assert_eq!((plain(&1.5), plain(&"a"), plain(&vec![1, 2])), ("1.5".into(), "a".into(), "[1, 2]".into()));
        assert!(plain(&vec![0.0; 5000]).ends_with(" ... 5000 in all"));
        assert_eq!(plain(&None::<f64>), "None");
        assert!(().bundle().entries.is_empty() && Value::Unit.bundle().entries.is_empty());
    }

    #[test]
    fn errors_are_output_and_say_what_to_do() {
        let error = Error::option("no option 'lamda'").with_hint("did you mean 'lambda'?");
        let shown = html(&Err::<Matrix, Error>(error));
        assert!(shown.contains("error[E010]") && shown.contains("did you mean"), "{shown}");
        assert!(html(&"x".parse::<f64>()).contains("error: invalid float"));
        assert_eq!(plain(&Ok::<i32, Error>(3)), "3");
    }

    #[test]
    fn several_things_are_one_output_with_one_block_of_a_type() {
        let (matrix, vector) = (Matrix::from_fn(2, 3, |_, _| 1.0), Vector::from(vec![1.0, 2.0]));
        let pair = (&matrix, &vector, "done");
        let shown = html(&pair);
        assert!(shown.contains("2 x 3 Matrix") && shown.contains("Vector of 2") && shown.contains("done"), "{shown}");
        let blocks = pair.bundle().to_evcxr();
        assert_eq!(blocks.matches("EVCXR_BEGIN_CONTENT text/html").count(), 1);
        assert_eq!(compose(&[&matrix, &vector, &"done"]), pair.bundle());
        assert!(html(&Report::new("Signals")).contains("Signals"));
    }
}
