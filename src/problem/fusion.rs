//! Numbers that are drawn together: min over x of sum_k a_k/2 (x_k - u_k)^2 + l1 sum_k |x_k| + l2 C(x), where C(x) adds
//! |x_k - x_m| over all pairs or over neighbours; exactly, for positive a_k.
//!
//! By division: all members of a block are given the one number v that is best for them together. Which members then
//! want more is a cut: the set M that minimises the sum of their slopes at v plus l2 times what M is cut off from. If
//! the minimum is negative, M ends above v and the rest below, the terms between the two parts become linear, and each
//! part is a block of its own. Over all pairs the cut depends on the size of M alone, so that sorting finds M; over
//! neighbours two states along the chain do. At v = 0 members want more, want less, or stay.

/// Which differences count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Differences {
    /// Those of all pairs.
    All,
    /// Those of neighbours.
    Neighbours,
}

/// What a block needs to remember while it is divided.
#[derive(Debug, Clone, Default)]
pub(super) struct Division {
    /// The members, block by block.
    order: Vec<usize>,
    /// Linear terms from parts that are already known to be above or below, by member.
    linear: Vec<f64>,
    /// Slopes at the block's number, by member.
    slope: Vec<f64>,
    /// 1 above the block's number, -1 below, 0 at it, by member.
    side: Vec<i8>,
    /// Which states of the member before lead to a member outside, inside; by place in the block.
    came_from: Vec<[bool; 2]>,
    blocks: Vec<Block>,
}

/// Members `start..end` of the order, whose numbers lie between two bounds.
#[derive(Debug, Clone, Copy)]
struct Block {
    start: usize,
    end: usize,
    low: f64,
    high: f64,
}

/// The penalties of one pair of variables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strength {
    pub l1: f64,
    pub l2: f64,
    pub differences: Differences,
}

impl Division {
    /// Replaces u in `x` by the minimiser. Numbers that are drawn together are equal to the last bit.
    pub fn minimize(&mut self, x: &mut [f64], curvature: impl Fn(usize) -> f64, strength: Strength) {
        let count = x.len();
        if count == 0 {
            return;
        }
        self.order.clear();
        self.order.extend(0..count);
        self.linear.clear();
        self.linear.resize(count, 0.0);
        self.slope.resize(count, 0.0);
        self.side.resize(count, 0);
        self.blocks.clear();
        self.blocks.push(Block { start: 0, end: count, low: f64::NEG_INFINITY, high: f64::INFINITY });
        while let Some(block) = self.blocks.pop() {
            self.divide(block, x, &curvature, strength);
        }
    }

    /// Gives all members of a block one number, or puts its parts on the stack.
    fn divide(&mut self, block: Block, x: &mut [f64], curvature: &impl Fn(usize) -> f64, strength: Strength) {
        let members = block.start..block.end;
        let (mut weight, mut pull, mut size) = (0.0, 0.0, 0.0f64);
        for &k in &self.order[members.clone()] {
            let a = curvature(k);
            weight += a;
            pull += a * x[k] - self.linear[k];
            size += (a * x[k]).abs() + self.linear[k].abs() + strength.l1;
        }
        let count = members.len() as f64;
        let v = pull.signum() * ((pull.abs() - count * strength.l1).max(0.0) / weight);
        let v = v.clamp(block.low, block.high) + 0.0;
        // Below this a cut is rounding.
        let least = -8.0 * f64::EPSILON * size;
        for &k in &self.order[members.clone()] {
            self.side[k] = 0;
            self.slope[k] = curvature(k) * (v - x[k]) + self.linear[k];
        }
        if v == 0.0 {
            self.cut(block, strength, least, (1, strength.l1));
            self.cut(block, strength, least, (-1, strength.l1));
        } else if members.len() > 1 && self.cut(block, strength, least, (1, strength.l1.copysign(v))) {
            // What is not above is below.
            self.order[members.clone()].iter().for_each(|&k| self.side[k] = 2 * self.side[k] - 1);
        }
        let first = self.side[self.order[block.start]];
        let divided = v.is_finite() && self.order[members.clone()].iter().any(|&k| self.side[k] != first);
        if divided {
            self.separate(block, v, x, strength);
        } else {
            self.order[members].iter().for_each(|&k| x[k] = v);
        }
    }

    /// Marks the members of the least cut with the side to which they go, if the cut is below `least`. The slopes that
    /// are cut are those towards that side, plus a shift.
    fn cut(&mut self, block: Block, strength: Strength, least: f64, towards: (i8, f64)) -> bool {
        match strength.differences {
            Differences::All => self.cut_of_pairs(block, strength.l2, least, towards),
            Differences::Neighbours => self.cut_of_chain(block, strength.l2, least, towards),
        }
    }

    fn cut_of_pairs(&mut self, block: Block, l2: f64, least: f64, (side, shift): (i8, f64)) -> bool {
        let members = &mut self.order[block.start..block.end];
        let (sign, slope) = (f64::from(side), &self.slope);
        members.sort_unstable_by(|&a, &b| (sign * slope[a]).total_cmp(&(sign * slope[b])).then(a.cmp(&b)));
        let (mut sum, mut best, mut size) = (0.0, least, 0);
        for (place, &k) in members.iter().enumerate() {
            sum += sign * slope[k] + shift;
            let inside = place + 1;
            let value = sum + l2 * (inside * (members.len() - inside)) as f64;
            if value < best {
                (best, size) = (value, inside);
            }
        }
        members[..size].iter().for_each(|&k| self.side[k] = side);
        size > 0
    }

    fn cut_of_chain(&mut self, block: Block, l2: f64, least: f64, (side, shift): (i8, f64)) -> bool {
        let members = &self.order[block.start..block.end];
        let sign = f64::from(side);
        self.came_from.clear();
        let (mut outside, mut inside) = (0.0, 0.0);
        for (place, &k) in members.iter().enumerate() {
            let slope = sign * self.slope[k] + shift;
            if place == 0 {
                self.came_from.push([false; 2]);
                inside = slope;
                continue;
            }
            let (enter, leave) = (outside + l2, inside + l2);
            self.came_from.push([leave < outside, inside < enter]);
            outside = outside.min(leave);
            inside = inside.min(enter) + slope;
        }
        if inside.min(outside) >= least {
            return false;
        }
        let mut is_inside = inside < outside;
        for (place, &k) in members.iter().enumerate().rev() {
            if is_inside {
                self.side[k] = side;
            }
            is_inside = self.came_from[place][usize::from(is_inside)];
        }
        true
    }

    /// Puts the parts of a divided block on the stack; members that stay get their number.
    fn separate(&mut self, block: Block, v: f64, x: &mut [f64], strength: Strength) {
        match strength.differences {
            Differences::All => self.separate_pairs(block, v, x, strength.l2),
            Differences::Neighbours => self.separate_chain(block, v, x, strength.l2),
        }
    }

    fn separate_pairs(&mut self, block: Block, v: f64, x: &mut [f64], l2: f64) {
        let side = &self.side;
        let members = &mut self.order[block.start..block.end];
        members.sort_unstable_by_key(|&k| (side[k], k));
        let below = members.iter().filter(|&&k| side[k] < 0).count();
        let above = members.iter().filter(|&&k| side[k] > 0).count();
        let count = members.len();
        for &k in members.iter() {
            match side[k] {
                -1 => self.linear[k] -= l2 * (count - below) as f64,
                1 => self.linear[k] += l2 * (count - above) as f64,
                _ => x[k] = v,
            }
        }
        if below > 0 {
            self.blocks.push(Block { end: block.start + below, high: v, ..block });
        }
        if above > 0 {
            self.blocks.push(Block { start: block.end - above, low: v, ..block });
        }
    }

    fn separate_chain(&mut self, block: Block, v: f64, x: &mut [f64], l2: f64) {
        let mut start = block.start;
        for place in block.start..block.end {
            let k = self.order[place];
            let side = self.side[k];
            if side == 0 {
                x[k] = v;
            }
            let next = (place + 1 < block.end).then(|| self.order[place + 1]);
            if let Some(next) = next.filter(|&next| self.side[next] != side) {
                let up = if self.side[next] > side { l2 } else { -l2 };
                self.linear[next] += up;
                self.linear[k] -= up;
            }
            let ends = next.is_none_or(|next| self.side[next] != side);
            if ends {
                match side {
                    1 => self.blocks.push(Block { start, end: place + 1, low: v, ..block }),
                    -1 => self.blocks.push(Block { start, end: place + 1, high: v, ..block }),
                    _ => {}
                }
                start = place + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(x: &[f64], u: &[f64], a: &[f64], strength: Strength) -> f64 {
        let smooth: f64 = (0..x.len()).map(|k| 0.5 * a[k] * (x[k] - u[k]).powi(2)).sum();
        let apart: f64 = match strength.differences {
            Differences::All => {
                (0..x.len()).flat_map(|k| (0..k).map(move |m| (k, m))).map(|(k, m)| (x[k] - x[m]).abs()).sum()
            }
            Differences::Neighbours => x.windows(2).map(|two| (two[1] - two[0]).abs()).sum(),
        };
        smooth + strength.l1 * x.iter().map(|value| value.abs()).sum::<f64>() + strength.l2 * apart
    }

    /// Numbers between -1 and 1.
    fn noise(k: usize) -> f64 {
        ((k * 7919 + 13) as f64).sin()
    }

    /// A convex function is least where no direction goes down: all steps of all sets of members are looked at.
    #[test]
    fn no_set_of_numbers_can_be_moved_to_something_better() {
        let mut division = Division::default();
        for (case, differences) in (0..60).flat_map(|case| [(case, Differences::All), (case, Differences::Neighbours)])
        {
            let count = 1 + case % 6;
            let u = (0..count).map(|k| 2.0 * noise(31 * case + k)).collect::<Vec<f64>>();
            let a = (0..count).map(|k| 1.1 + noise(17 * case + k + 5)).collect::<Vec<f64>>();
            let strength = Strength { l1: [0.0, 0.1, 0.6][case % 3], l2: [0.05, 0.0, 0.3, 2.0][case % 4], differences };
            let mut x = u.clone();
            division.minimize(&mut x, |k| a[k], strength);
            let least = total(&x, &u, &a, strength);
            for set in 1..1usize << count {
                for step in [1e-6, -1e-6] {
                    let moved = (0..count).map(|k| if (set >> k) & 1 == 1 { x[k] + step } else { x[k] });
                    let value = total(&moved.collect::<Vec<f64>>(), &u, &a, strength);
                    assert!(value >= least - 1e-13, "{strength:?} {u:?} {a:?}: {x:?} moves by {set:b}");
                }
            }
        }
    }

    #[test]
    fn what_is_drawn_together_is_equal_and_what_is_drawn_to_zero_is_zero() {
        let mut division = Division::default();
        let mut run = |u: &[f64], l1: f64, l2: f64, differences: Differences| {
            let mut x = u.to_vec();
            division.minimize(&mut x, |_| 1.0, Strength { l1, l2, differences });
            x
        };
        assert_eq!(run(&[3.0, 1.0, 2.0], 0.0, 5.0, Differences::All), [2.0; 3]);
        assert_eq!(run(&[3.0, 1.0, 2.0], 0.5, 5.0, Differences::Neighbours), [1.5; 3]);
        assert_eq!(run(&[1.0, -1.0], 0.25, 0.25, Differences::All), [0.5, -0.5]);
        assert_eq!(run(&[1.0, -1.0], 0.75, 0.25, Differences::All), [0.0, 0.0]);
        assert_eq!(run(&[4.0, 0.0, 4.0], 0.0, 0.5, Differences::Neighbours), [3.5, 1.0, 3.5]);
        assert_eq!(run(&[4.0, 0.0, 4.0], 0.0, 0.5, Differences::All), [3.5, 1.0, 3.5]);
        assert_eq!(run(&[2.0], 0.5, 9.0, Differences::All), [1.5]);
        assert!(run(&[f64::NAN, 1.0], 0.5, 9.0, Differences::Neighbours)[0].is_nan());
    }
}
