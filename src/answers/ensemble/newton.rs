//! The least value of a convex function of a few numbers that must not be negative.
//!
//! Projected Newton (Bertsekas: Projected Newton methods for optimization problems with simple constraints, SIAM J. Control
//! Optim. 20, 1982): numbers that are 0 and would fall stay there, the others take a Newton step, halved until the value
//! falls enough.

/// A smooth convex function, bent upwards everywhere.
pub trait Problem {
    /// Its value.
    fn value(&self, at: &[f64]) -> f64;

    /// Its gradient and its matrix of second derivatives.
    fn derivatives(&self, at: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>);
}

/// The largest slope that is left at the end.
const FLAT: f64 = 1e-10;

/// Steps after which it ends all the same; ten is usual.
const STEPS: u32 = 200;

/// Where the function is least, from a start of numbers that are not negative.
pub fn minimum(problem: &impl Problem, start: Vec<f64>) -> Vec<f64> {
    let mut at = start;
    let mut value = problem.value(&at);
    for _ in 0..STEPS {
        let (slope, bend) = problem.derivatives(&at);
        let free: Vec<usize> = (0..at.len()).filter(|one| at[*one] > 0.0 || slope[*one] < 0.0).collect();
        if free.iter().all(|one| slope[*one].abs() <= FLAT) {
            break;
        }
        let matrix = free.iter().map(|row| free.iter().map(|column| bend[*row][*column]).collect()).collect();
        let step = solved(matrix, free.iter().map(|one| -slope[*one]).collect());
        let moved = |share: f64| {
            let mut moved = at.clone();
            free.iter().zip(&step).for_each(|(one, step)| moved[*one] = (at[*one] + share * step).max(0.0));
            moved
        };
        // Armijo's rule along the projected step.
        let enough = |moved: &[f64], reached: f64| {
            let gain: f64 = free.iter().map(|one| slope[*one] * (moved[*one] - at[*one])).sum();
            reached <= value + 1e-4 * gain
        };
        let shares = std::iter::successors(Some(1.0), |share| Some(share / 2.0)).take(40);
        let next = shares.map(moved).map(|moved| (problem.value(&moved), moved));
        let Some((reached, next)) = next.into_iter().find(|(reached, moved)| enough(moved, *reached) && *moved != at)
        else {
            break;
        };
        (at, value) = (next, reached);
    }
    at
}

/// The solution of a symmetric, positive definite system, by elimination; diagonal pivots are large enough.
fn solved(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let count = right.len();
    for pivot in 0..count {
        let (above, below) = matrix.split_at_mut(pivot + 1);
        let pivots = &above[pivot];
        for (row, at) in below.iter_mut().zip(pivot + 1..) {
            let share = row[pivot] / pivots[pivot];
            row.iter_mut().zip(pivots).for_each(|(cell, pivot)| *cell -= share * pivot);
            right[at] -= share * right[pivot];
        }
    }
    for row in (0..count).rev() {
        let known: f64 = (row + 1..count).map(|column| matrix[row][column] * right[column]).sum();
        right[row] = (right[row] - known) / matrix[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Σ (a·x − b)² + ½·0.1·Σ x² of rows a, b.
    struct Squares(Vec<([f64; 3], f64)>);

    impl Problem for Squares {
        fn value(&self, at: &[f64]) -> f64 {
            let off = |(a, b): &([f64; 3], f64)| a.iter().zip(at).map(|(a, x)| a * x).sum::<f64>() - b;
            self.0.iter().map(|row| off(row) * off(row)).sum::<f64>() + 0.05 * at.iter().map(|x| x * x).sum::<f64>()
        }

        fn derivatives(&self, at: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
            let mut slope: Vec<f64> = at.iter().map(|x| 0.1 * x).collect();
            let mut bend = vec![vec![0.1, 0.0, 0.0], vec![0.0, 0.1, 0.0], vec![0.0, 0.0, 0.1]];
            for (a, b) in &self.0 {
                let off = a.iter().zip(at).map(|(a, x)| a * x).sum::<f64>() - b;
                for one in 0..3 {
                    slope[one] += 2.0 * off * a[one];
                    (0..3).for_each(|two| bend[one][two] += 2.0 * a[one] * a[two]);
                }
            }
            (slope, bend)
        }
    }

    proptest! {
        #[test]
        fn nothing_near_is_less(
            rows in proptest::collection::vec((proptest::array::uniform3(-2.0..2.0f64), -2.0..2.0f64), 1..6),
        ) {
            let problem = Squares(rows);
            let at = minimum(&problem, vec![1.0; 3]);
            let (slope, _) = problem.derivatives(&at);
            for (x, slope) in at.iter().zip(slope) {
                // Karush, Kuhn and Tucker: flat, or at 0 and rising.
                prop_assert!(*x >= 0.0 && slope > -1e-7 && (slope < 1e-7 || *x == 0.0), "{x} {slope}");
            }
        }
    }
}
