//! The loss "concord": what is composed is a fit of the record of that name.

use super::Estimate;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::methods::concord::RECORD;
use crate::methods::graphical_lasso::{GraphicalLasso, Lambda};
use crate::model::{Fit, Input, Run};
use crate::solver::Penalty;
use crate::value::Value;

impl Estimate {
    /// The fit of `concord` with this penalty. What has its default here has that of the record there.
    pub(super) fn fit_concord(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        let options = RECORD.check(&self.of_concord()?)?;
        match RECORD.run {
            Run::Fit(run) => run(input, &options, ctx),
            _ => Err(Error::internal("concord does not give a fit")),
        }
    }

    /// The options of that record.
    fn of_concord(&self) -> Result<Vec<(String, Value)>> {
        let (base, default) = (&self.base, GraphicalLasso::new());
        let mut options: Vec<(String, Value)> = Vec::new();
        match (&base.lambda, self.penalty) {
            (Lambda::Value(lambda), Penalty::ElasticNet { l1_ratio }) => {
                options.push(("lambda".into(), (l1_ratio * lambda).into()));
                options.push(("ridge".into(), ((1.0 - l1_ratio) * lambda).into()));
            }
            (_, Penalty::ElasticNet { .. }) => {
                return Err(Error::option("loss \"concord\" with penalty \"elastic_net\" takes a number as lambda")
                    .with_hint("x.concord(#{ ridge: .. }) chooses lambda by a rule for a given ridge"));
            }
            (Lambda::Rule(rule), _) => {
                options.push(("lambda".into(), rule.name().into()));
                options.extend(rule.recorded());
            }
            (given, _) => options.push(("lambda".into(), given.given())),
        }
        if let Some(weights) = &base.weights {
            options.push(("weights".into(), weights.clone().into()));
        }
        let changed: [(&str, bool, Value); 5] = [
            ("penalize_diagonal", base.penalize_diagonal, base.penalize_diagonal.into()),
            ("n_lambdas", base.n_lambdas != default.n_lambdas, base.n_lambdas.into()),
            ("min_ratio", base.min_ratio != default.min_ratio, base.min_ratio.into()),
            ("tol", base.tol != default.tol, base.tol.into()),
            ("max_iter", base.max_iter != default.max_iter, base.max_iter.into()),
        ];
        options
            .extend(changed.into_iter().filter(|(_, is_own, _)| *is_own).map(|(name, _, value)| (name.into(), value)));
        Ok(options)
    }
}
