//! Numbers in scripts: entry by entry, summed up, and prepared for methods; known answers from R or by hand.

#[path = "common/scripts.rs"]
mod scripts;

use scripts::{check, check_errors, data};
use serde_json::json;

#[test]
fn whole_numbers_are_numbers_everywhere() {
    for verb in "sqrt exp log log2 log10 sin cos tan asin acos atan sinh cosh tanh log1p round floor ceiling abs sign"
        .split(' ')
    {
        let script =
            format!("[{verb}(1) == {verb}(1.0), 1.{verb}() == {verb}(1), vector([1]).{verb}()[0] == {verb}(1.0)]");
        assert_eq!(data(&script), json!([true, true, true]), "{verb}");
    }
    check(
        "",
        &[
            ("[sqrt(2), log(2), exp(1)]", json!([2f64.sqrt(), 2f64.ln(), 1f64.exp()])),
            ("[log2(8), log10(1000), log1p(0), exp(0)]", json!([3, 3, 0, 1])),
            // An int stays one where the answer is whole.
            (
                "[type_of(round(3)), type_of(floor(3)), type_of(abs(-3)), type_of(round(2.5))]",
                json!(["i64", "i64", "i64", "f64"]),
            ),
            ("[round(2.5), round(-2.5), floor(-1.5), ceiling(-1.5), abs(-3)]", json!([3, -3, -2, -1, 3])),
            ("[[1, 2, 3].sum(), [1, 2].mean(), vector([1, 2]).sum(), matrix([[1, 2]]).sum()]", json!([6, 1.5, 3, 3])),
            ("[1/2, 1.0/2, 1/2.0]", json!([0, 0.5, 0.5])),
            ("vector([1, 2]) / 2", json!([0.5, 1])),
            ("matrix([[1, 2]]) == matrix([[1.0, 2.0]])", json!([true, true])),
            ("[1 == 1.0, 2 ** 2 == 4.0, inf() > 9223372036854775807]", json!([true, true, true])),
        ],
    );
}

#[test]
fn functions_of_numbers_work_entry_by_entry() {
    check(
        "let m = matrix([[1, 4], [9, 16]]).set_names([\"a\", \"b\"]);",
        &[
            ("m.sqrt()", json!([[1, 2], [3, 4]])),
            ("sqrt(m).names", json!(["a", "b"])),
            ("vector([0, 1]).sin()", json!([0, 1f64.sin()])),
            ("vector([1]).tanh()", json!([1f64.tanh()])),
            ("vector([-1.5, 0, 2]).sign()", json!([-1, 0, 1])),
            ("vector([-1.4, 2.6]).round()", json!([-1, 3])),
            ("vector([-1, 2]).abs()", json!([1, 2])),
            ("vector([-2, 0.5, 9]).clip(0, 1)", json!([0, 0.5, 1])),
            ("m.clip(2, 10)", json!([[2, 4], [9, 10]])),
            ("m.map(|value| value / 2)", json!([[0.5, 2], [4.5, 8]])),
            ("vector([1, 2]).map(|value| 3)", json!([3, 3])),
            ("m.map(|value| -value).names", json!(["a", "b"])),
            (
                "[sqrt(-1.0).is_nan(), log(-1).is_nan(), log(0) == -inf(), nan() == nan()]",
                json!([true, true, true, false]),
            ),
            (
                "[nan().is_nan(), 1.is_nan(), vector([1, nan()]).is_nan().count(), m.is_nan().any()]",
                json!([true, false, 1, false]),
            ),
        ],
    );
    check_errors(
        "",
        &[
            ("vector([1]).map(|value| \"one\")", "E011", "must give numbers, it gave \"one\" (string)"),
            ("vector([1]).clip(1, 0)", "E011", "the lower bound 1 is not below the upper bound 0"),
            ("vector([1]).clip(\"a\", 0)", "E011", "two numbers"),
            ("sqrt(\"2\")", "E003", "sqrt does not take (string)"),
        ],
    );
}

#[test]
fn summaries_are_those_of_r() {
    // R: x <- c(4, 1, 3, 2).
    check(
        "let v = vector([4, 1, 3, 2]); let m = matrix([[4, 1], [3, 2]]).set_names([\"a\", \"b\"]); let list = [4, 1, 3, 2];",
        &[
            ("[v.mean(), m.mean(), list.mean()]", json!([2.5, 2.5, 2.5])),
            (
                "[v.sd(), v.variance(), v.median(), v.sum(), v.min(), v.max()]",
                json!([1.290_994_448_735_805_6, 5.0 / 3.0, 2.5, 10, 1, 4]),
            ),
            ("m.mean(#{ axis: 0 })", json!([3.5, 1.5])),
            ("m.mean(#{ axis: \"columns\" }).names", json!(["a", "b"])),
            ("m.sum(#{ axis: 1 })", json!([5, 5])),
            ("m.max(#{ axis: \"rows\" })", json!([4, 3])),
            ("m.sd(#{ axis: 0 })", json!([0.5f64.sqrt(), 0.5f64.sqrt()])),
            ("[v.quantile(0.25), v.quantile(0.9), v.quantile(0), v.quantile(1)]", json!([1.75, 3.7, 1, 4])),
            ("v.quantile([0.25, 0.9])", json!([1.75, 3.7])),
            ("m.quantile(0.5, #{ axis: 0 })", json!([3.5, 1.5])),
            ("list.quantile(0.25)", json!(1.75)),
            ("v.cumsum()", json!([4, 5, 8, 10])),
            ("m.cumsum()", json!([[4, 1], [7, 3]])),
            ("m.cumsum(#{ axis: 1 })", json!([[4, 5], [3, 5]])),
            ("[v.argmax(), v.argmin(), list.argmax()]", json!([0, 1, 0])),
            ("[m.argmax(), m.argmin()]", json!([[0, 0], [0, 1]])),
            ("m.argmax(#{ axis: 0 })", json!([0, 1])),
            ("vector([1, 3, 3]).argmax()", json!(1)),
            ("v.order()", json!([1, 3, 2, 0])),
            ("v.order(#{ descending: true })", json!([0, 2, 3, 1])),
            ("v.sort()", json!([1, 2, 3, 4])),
            ("(v[v.order()] == v.sort()).all()", json!(true)),
            ("m.row(0).sort().names", json!(["b", "a"])),
        ],
    );
}

#[test]
fn missing_values_are_seen_and_stand_last() {
    check(
        "let v = vector([2, nan(), 1]); let m = matrix([[1, nan()], [2, 3]]);",
        &[
            (
                "[v.mean(), v.sum(), v.min(), v.max(), v.median(), v.quantile(0.5)].map(|x| x.is_nan()).contains(false)",
                json!(false),
            ),
            ("v.sort()", json!([1, 2, null])),
            ("v.sort(#{ descending: true })", json!([2, 1, null])),
            ("m.mean(#{ axis: 0 })", json!([1.5, null])),
            ("[(v > 0).count(), (v == v).count()]", json!([2, 2])),
            ("[vector([]).mean().is_nan(), vector([]).max().is_nan(), vector([]).sum()]", json!([true, true, 0])),
        ],
    );
    check_errors(
        "let v = vector([2, nan(), 1]);",
        &[
            ("v.argmax()", "E011", "one of them is missing"),
            ("vector([]).argmin()", "E011", "there is no number"),
            ("v.quantile(1.5)", "E011", "between 0 and 1, not 1.5"),
            ("eye(2).quantile([0.1, 0.9], #{ axis: 0 })", "E011", "takes one probability"),
            ("eye(2).mean(#{ axis: 2 })", "E010", "0 (columns) or 1 (rows)"),
            ("eye(2).mean(#{ axis: \"column\" })", "E010", "did you mean 'columns'?"),
            ("[1, \"a\"].sum()", "E011", "element 1 is \"a\" (string)"),
        ],
    );
}

#[test]
fn masks_are_counted_combined_and_choose() {
    check(
        "let v = vector([1, -2, 3]); let m = matrix([[1, -2], [3, 4]]);",
        &[
            ("let k = v > 0; [k.any(), k.all(), k.count(), k.len()]", json!([true, false, 2, 3])),
            ("(v > 0).where()", json!([0, 2])),
            ("(m < 0).where()", json!([[0, 1]])),
            ("where(v > 0, v, 0)", json!([1, 0, 3])),
            ("where(m > 0, m, m * -1)", json!([[1, 2], [3, 4]])),
            ("where(v > 0, [10, 20, 30], v)", json!([10, -2, 30])),
            ("((v > 0) & (v < 2)).to_array()", json!([true, false, false])),
            ("((v > 2) | !(v > 0)).to_array()", json!([false, true, true])),
            ("(v >= vector([1, 0, 3])).to_array()", json!([true, false, true])),
            ("vector([]).is_nan().all()", json!(true)),
        ],
    );
    check_errors(
        "let v = vector([1, -2, 3]);",
        &[
            ("where(v > 0, vector([1]), 0)", "E020", "1 values for a mask of 3"),
            ("where(eye(2) > 0, [1], 0)", "E011", "numbers or matrices"),
            ("(v > 0) & (vector([1]) > 0)", "E020", "masks of different shapes"),
            ("v > vector([1])", "E020", "a vector of 3 against one of 1"),
            ("if v > 0 { 1 }", "E011", "mask.all()"),
        ],
    );
}

#[test]
fn columns_are_centred_scaled_and_transformed() {
    let unit = 1.5f64.sqrt();
    let (low, high) = (0.506_852_322_366_701_5, 1.493_084_783_237_189);
    check(
        "let m = matrix([[1, 10], [2, 30], [3, 20]]).set_names([\"a\", \"b\"]); let t = table(m);",
        &[
            // Divided by n, so that the covariance of the result is the correlation.
            ("m.standardize()", json!([[-unit, -unit], [0, unit], [unit, 0]])),
            ("m.center()", json!([[-1, -10], [0, 10], [1, 0]])),
            ("[t.standardize().names, t.center().names, t.npn().names]", json!([["a", "b"], ["a", "b"], ["a", "b"]])),
            ("(t.standardize() == m.standardize()).all()", json!(true)),
            ("m.log1p()[[0, 0]]", json!(2f64.ln())),
            // qnorm(1:3 / 4) / sd(qnorm(1:3 / 4)), as huge.npn.
            ("m.npn()", json!([[-1, -1], [0, 1], [1, 0]])),
            // R: d <- 1 / (4 * 3^0.25 * sqrt(pi * log(3))); x <- qnorm(pmin(1:3 / 3, 1 - d)); x / sd(x).
            ("m.npn(\"truncation\").col(0)", json!([-low, low, high])),
            ("matrix([[1, 2, 4]]).clr()", json!([[-(2f64.ln()), 0, 2f64.ln()]])),
            ("matrix([[1, 0, 7]]).clr(#{ pseudocount: 1 })[[0, 2]]", json!(1.155_245_300_933_242_2)),
            ("hstack([m.center(), ones(3, 1)]).drop_constant().cols", json!(2)),
            ("m.top_variance(1).names", json!(["b"])),
            ("[m.top_variance(0).cols, m.top_variance(99).cols]", json!([0, 2])),
            ("m.standardize(); m[[0, 0]]", json!(1)),
        ],
    );
    check_errors(
        "let m = matrix([[1, 10], [1, 30]]).set_names([\"a\", \"b\"]);",
        &[
            ("m.standardize()", "E030", "column 'a' is constant"),
            ("m.head(1).standardize()", "E030", "at least 2 rows"),
            ("m.npn(\"shrink\")", "E011", "kinds: shrinkage, truncation"),
            ("m.npn(\"skeptic\")", "E011", "x.cor(\"skeptic\")"),
            ("matrix([[0, -1]]).log1p()", "E030", "log1p of -1 in row 0, column 1"),
            ("matrix([[1, 0]]).clr()", "E030", "clr(#{ pseudocount: 1 })"),
            ("matrix([[1, 2]]).clr(#{ pseudo_count: 1 })", "E010", "did you mean 'pseudocount'?"),
            ("m.top_variance(-1)", "E011", "not negative: -1"),
        ],
    );
}

#[test]
fn correlations_are_those_of_r() {
    // R: cor(c(1, 2, 3, 4), c(1, 3, 2, 4), method = ..).
    check(
        "let m = matrix([[1, 1], [2, 3], [3, 2], [4, 4]]).set_names([\"a\", \"b\"]);",
        &[
            ("m.cor()[[\"a\", \"b\"]]", json!(0.8)),
            ("m.cor(\"spearman\")[[0, 1]]", json!(0.8)),
            ("m.cor(\"kendall\")[[0, 1]]", json!(2.0 / 3.0)),
            // 2 sin(pi/6 rho)
            ("m.cor(\"skeptic\")[[0, 1]]", json!(0.813_473_286_151_600_3)),
            // Divided by n, where R's cov divides by n - 1.
            ("m.cov()", json!([[1.25, 1], [1, 1.25]])),
            ("m.partial_cor()[[0, 1]]", json!(0.8)),
            ("table(m).cov().names", json!(["a", "b"])),
            ("m.cor().diag()", json!([1, 1])),
        ],
    );
    check_errors(
        "let m = matrix([[1, 1], [1, 3]]).set_names([\"a\", \"b\"]);",
        &[
            ("m.cor()", "E030", "column 'a' is constant"),
            ("m.cor(\"kendal\")", "E011", "did you mean 'kendall'?"),
            ("matrix([[1, nan()], [2, 3]]).cov()", "E030", "NaN in row 0, column 1"),
            ("matrix([[1, 2]]).cov()", "E030", "at least 2 rows"),
        ],
    );
}

#[test]
fn missing_values_are_filled_in_or_left_out() {
    check(
        "let m = matrix([[1, 2], [nan(), 4], [3, 6], [11, 8]]).set_names([\"a\", \"b\"]);",
        &[
            ("m.impute(\"mean\").col(\"a\")", json!([1, 5, 3, 11])),
            ("m.impute(\"median\").col(\"a\")", json!([1, 3, 3, 11])),
            ("m.impute(\"constant\", #{ value: 0 }).col(\"a\")", json!([1, 0, 3, 11])),
            ("m.impute(\"mean\").names", json!(["a", "b"])),
            ("m.impute(\"regression\").is_nan().any()", json!(false)),
            // R: predict(lm(c(1, 3, 11) ~ b), data.frame(b = 4)) with b <- c(2, 6, 8).
            ("(m.impute(\"regression\")[[1, 0]] - 3.0).abs() < 1e-4", json!(true)),
            ("m.impute(\"regression\").col(\"b\")", json!([2, 4, 6, 8])),
            ("m.drop_missing().rows", json!(3)),
            ("m.drop_missing(#{ axis: \"columns\" }).names", json!(["b"])),
            ("m.impute(\"mean\"); m.is_nan().count()", json!(1)),
        ],
    );
    check_errors(
        "let m = matrix([[nan(), 2], [nan(), 4]]).set_names([\"a\", \"b\"]);",
        &[
            ("m.impute(\"mean\")", "E030", "column 'a' has no value at all"),
            ("m.impute(\"means\")", "E011", "did you mean 'mean'?"),
            ("m.impute(\"constant\")", "E010", "impute(\"constant\", #{ value: 0 })"),
            ("m.impute(\"mean\", #{ value: 0 })", "E010", "goes with \"constant\""),
            ("m.impute(0)", "E011", "the kind as a string, not 0 (int)"),
            ("m.drop_missing()", "E030", "every row has a missing value"),
            ("m.graphical_lasso(#{ lambda: 0.1 })", "E030", "impute(\"median\")"),
        ],
    );
}
