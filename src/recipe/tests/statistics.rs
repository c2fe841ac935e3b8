//! Chances, against what they must be.

use super::*;

fn statistics(steps: &str, class: Option<&str>) -> (f64, f64, bool) {
    let Statistics { mean_active, untouched, exact } = recipe(steps).statistics(Role::Train, class);
    (mean_active, untouched, exact)
}

fn close(found: (f64, f64, bool), active: f64, untouched: f64) {
    assert!((found.0 - active).abs() < 1e-12 && (found.1 - untouched).abs() < 1e-12, "{found:?}");
    assert!(found.2, "an estimate");
}

#[test]
fn chances_of_a_sequence_multiply() {
    // EVIDENCE: 0.3 on each of six steps leaves 12 % untouched.
    close(statistics(&"[[step]]\nop.grey = {}\nchance = 0.3\n".repeat(6), None), 1.8, 0.117649);
    close(statistics("", None), 0.0, 1.0);
    let group = "[[step]]\nuse = \"g\"\nchance = 0.5\n[[group.g.step]]\nop.grey = {}\nchance = 0.5\n[[group.g.step]]\nop.invert = {}\nchance = 0.5\n";
    close(statistics(group, None), 0.5, 0.5 + 0.5 * 0.25);
}

#[test]
fn branches_are_taken_by_weight() {
    let one_of = "[[step]]\none_of = [{ op.grey = {}, weight = 3, chance = 0.5 }, { op.invert = {} }, { op.grey = {}, weight = 0 }]\n";
    close(statistics(one_of, None), 0.75 * 0.5 + 0.25, 0.75 * 0.5);
    // Two of three, weights 2, 1, 1; only the first may do nothing: it is left out with 1/4·2/3 + 1/4·2/3... by hand:
    // second then third: 1/4 · 1/3, third then second: 1/4 · 1/3, so it is in with 5/6.
    let pick = "[[step]]\nuse = \"g\"\n[group.g]\npick = 2\n[[group.g.step]]\nop.grey = {}\nweight = 2\nchance = 0.4\n[[group.g.step]]\nop.invert = {}\nchance = 0\n[[group.g.step]]\nop.gamma = { exponent = 1 }\nchance = 0\n";
    close(statistics(pick, None), 5.0 / 6.0 * 0.4, 1.0 / 6.0 + 5.0 / 6.0 * 0.6);
    // None, one or two, equally likely.
    close(statistics(&pick.replace("pick = 2", "pick = [0, 2]"), None), 0.4 * (0.5 + 5.0 / 6.0) / 3.0, {
        (1.0 + (0.5 + 0.5 * 0.6) + (1.0 / 6.0 + 5.0 / 6.0 * 0.6)) / 3.0
    });
}

#[test]
fn classes_and_roles_count() {
    let steps = "[[step]]\nop.grey = {}\nonly = [\"a\"]\n[[step]]\nop.invert = {}\nexcept = [\"a\"]\nchance = 0.5\n[[step]]\nop.grey = {}\non = [\"noisy_val\"]\n";
    close(statistics(steps, None), 0.5, 0.5);
    close(statistics(steps, Some("a")), 1.0, 0.0);
    assert_eq!(recipe(steps).step_classes().into_iter().collect::<Vec<_>>(), ["a"]);
    assert_eq!(recipe(steps).statistics(Role::NoisyVal, None).mean_active, 1.5);
    // A branch that is not for the class leaves its place to the others.
    let one_of = "[[step]]\none_of = [{ op.grey = {}, only = [\"a\"] }, { op.invert = {}, chance = 0.5 }]\n";
    close(statistics(one_of, None), 0.5, 0.5);
    close(statistics(one_of, Some("a")), 0.75, 0.25);
}

#[test]
fn many_branches_are_estimated() {
    let mut steps = "[[step]]\nuse = \"g\"\n[group.g]\npick = 2\n".to_owned();
    for branch in 0..20 {
        steps += &format!("[[group.g.step]]\nop.grey = {{}}\nchance = {}\n", if branch < 10 { 0 } else { 1 });
    }
    let (active, untouched, exact) = statistics(&steps, None);
    assert!(
        !exact && (active - 1.0).abs() < 0.02 && (untouched - 0.5 * 9.0 / 19.0).abs() < 0.02,
        "{active} {untouched}"
    );
    close(statistics(&steps.replace("pick = 2", "pick = 1"), None), 0.5, 0.5);
}
