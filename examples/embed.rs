//! A host that gives a script data, runs it within limits, and takes its results: `cargo run --example embed`.

use std::time::Duration;

use sinew::Matrix;
use sinew::model::Fit;
use sinew::script::{Sandbox, Session, SessionOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::new().time(Duration::from_secs(5)).memory(200_000_000);
    let mut session =
        Session::new(SessionOptions::default().sandbox(sandbox).on_print(|line| println!("script: {line}")));
    session.set("x", Matrix::from_fn(60, 5, |i, j| ((i * (j + 3) + j * j) % 13) as f64));
    session.eval("let fit = x.graphical_lasso(#{ lambda: 0.5 }); print(fit.summary());")?;
    let fit: Fit = session.get("fit")?;
    println!("{} edges", fit.graph(0.0)?.n_edges());
    match session.eval("loop { }") {
        Ok(_) => unreachable!("a loop without an end has none"),
        Err(error) => println!("the host goes on: {error}"),
    }
    Ok(())
}
