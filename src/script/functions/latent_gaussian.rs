//! Latent correlations of counts whose zeros are censored.

use rhai::{Map, NativeCallContext};

use super::super::convert::{Outcome, check_options};
use super::super::state::{context, state};
use super::super::vocabulary::Builder;
use super::super::work::matrix_of;
use crate::data::latent_gaussian::LatentGaussian;
use crate::data::{Matrix, Table};
use crate::error::Result;
use crate::model::Area;
use crate::options::{Kind, Opt, Options, Preset, Range};

const OPTIONS: &[Opt] = &[
    Opt::new(
        "output",
        &[Kind::Choice(&["correlation", "data"])],
        Preset::Text("correlation"),
        "The latent \"correlation\", p x p, for methods with `covariance: true`; or latent \"data\", n x p, for those that \
need samples: the censored values are one draw, that of the last sweep",
    ),
    Opt::new("sweeps", &[Kind::Count(1)], Preset::Count(80), "How often all censored values are drawn"),
    Opt::new(
        "burn_in",
        &[Kind::Count(0)],
        Preset::Unset("half of the sweeps"),
        "Sweeps that are not counted in the mean of the correlations",
    ),
    Opt::new(
        "shrinkage",
        &[Kind::Number(Range::UNIT)],
        Preset::Number(0.02),
        "Share by which correlations are moved towards 0 before values are drawn; what comes out is not shrunk",
    ),
    Opt::new(
        "min_nonzero",
        &[Kind::Count(1)],
        Preset::Count(3),
        "Columns with fewer values above 0 count as uncorrelated with all others",
    ),
    Opt::new("seed", &[Kind::Count(0)], Preset::Unset("drawn from the session's"), "Seed"),
];

fn settings(options: &Options) -> LatentGaussian {
    let default = LatentGaussian::default();
    let sweeps = options.count("sweeps").unwrap_or(default.sweeps);
    LatentGaussian {
        sweeps,
        burn_in: options.count("burn_in").unwrap_or(sweeps / 2),
        shrinkage: options.number("shrinkage").unwrap_or(default.shrinkage),
        min_nonzero: options.count("min_nonzero").unwrap_or(default.min_nonzero),
    }
}

fn latent(call: &NativeCallContext<'_>, x: &Matrix, options: &Map) -> Result<Matrix> {
    let options = check_options("latent_gaussian", OPTIONS, options)?;
    let ctx = context(call);
    let seed = options.count("seed").map_or_else(|| ctx.next_seed(), |seed| seed as u64);
    let found = settings(&options).fit(x, &ctx.with_seed(seed))?;
    if let Some(state) = state(call) {
        found.warnings.iter().for_each(|warning| state.warning(&format!("latent_gaussian: {warning}")));
    }
    Ok(if options.text("output") == Some("data") { found.data } else { found.correlation })
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Prepare);
    b.verb(
        "latent_gaussian",
        "x.latent_gaussian() -> Matrix\n\
         x.latent_gaussian(#{ output, sweeps, burn_in, shrinkage, min_nonzero, seed }) -> Matrix",
        "Correlations behind counts or expression whose zeros were too little to be seen: zeros are censored values of a Gaussian copula, drawn given all other columns; without zeros the correlations of normal scores",
        "let theta = random_graph(\"band\", #{ nodes: 4 }).precision();\n\
         let x = sample_gaussian(theta, 400, #{ seed: 1 }).clip(0, 100);   // what is below 0 is not seen\n\
         let r = x.latent_gaussian(#{ seed: 1 });\n\
         print(r);\n\
         print(r.graphical_lasso(#{ covariance: true, n: x.rows, lambda: 0.1 }).n_edges);",
    )
    .options(OPTIONS)
    .on(|call: NativeCallContext<'_>, x: &mut Matrix| -> Outcome<Matrix> { Ok(latent(&call, x, &Map::new())?) })
    .on(|call: NativeCallContext<'_>, x: &mut Matrix, options: Map| -> Outcome<Matrix> {
        Ok(latent(&call, x, &options)?)
    })
    .on(|call: NativeCallContext<'_>, x: &mut Table| -> Outcome<Matrix> {
        Ok(latent(&call, &matrix_of(&call, x)?, &Map::new())?)
    })
    .on(|call: NativeCallContext<'_>, x: &mut Table, options: Map| -> Outcome<Matrix> {
        Ok(latent(&call, &matrix_of(&call, x)?, &options)?)
    });
}
