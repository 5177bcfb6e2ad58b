//! A host with a type and a function of its own, in a session and in an engine of its own:
//! `cargo run --example own_type`.

use std::error::Error;
use std::sync::Arc;

use sinew::script::rhai::Engine;
use sinew::script::{Session, SinewPackage, register_operators};
use sinew::{Context, Matrix};

/// Measurements as the host keeps them.
#[derive(Debug, Clone)]
struct Experiment {
    name: String,
    values: Arc<Matrix>,
}

impl Experiment {
    fn find(name: &str) -> Self {
        let values = Matrix::from_fn(40, 4, |i, j| ((i * (2 * j + 3) + name.len()) % 11) as f64);
        Self { name: name.into(), values: Arc::new(values) }
    }
}

/// What scripts may do with one.
fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Experiment>("Experiment")
        .register_fn("experiment", Experiment::find)
        .register_get("name", |experiment: &mut Experiment| experiment.name.clone())
        // Matrices share their numbers: nothing is copied.
        .register_get("values", |experiment: &mut Experiment| Matrix::clone(&experiment.values));
}

const SCRIPT: &str = r#"
    let e = experiment("heat shock");
    let fit = e.values.standardize().graphical_lasso(#{ lambda: 0.2 });
    `${e.name}: ${fit.n_edges} edges`
"#;

fn main() -> Result<(), Box<dyn Error>> {
    // A session has limits, output that is caught, and errors with lines.
    let mut session = Session::sandboxed();
    register(session.engine_mut());
    let of_session: String = session.eval_as(SCRIPT)?;
    println!("session: {of_session}");

    // An engine of the host's own gets the functions, and stays the host's in everything else.
    let mut engine = Engine::new();
    register(&mut engine);
    engine.register_fn("version", || "the host's".to_string());
    register_operators(&mut engine)?;
    SinewPackage::with_context(Context::new().with_seed(1).with_threads(2)).attach(&mut engine);
    let of_engine: String = engine.eval(SCRIPT).map_err(|error| error.to_string())?;
    assert_eq!(of_engine, of_session);
    assert_eq!(engine.eval::<String>("version()").map_err(|error| error.to_string())?, "the host's");
    println!("engine: {of_engine}");
    Ok(())
}
