//! How a parameter is drawn: a fixed value, a range, a choice.

use super::spec::Value;
use crate::canonical::Json;
use crate::number::Micro;
use crate::seed::Rng;

/// The law of one parameter, as the recipe states it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Dist {
    /// Always the same.
    Fixed(Value),
    /// `[low, high]`: uniform, both ends included; over whole numbers where the parameter is one.
    Uniform {
        /// Lowest.
        low: Micro,
        /// Highest.
        high: Micro,
        /// Whether only whole numbers are drawn.
        integer: bool,
    },
    /// `{ log = [low, high] }`: uniform in the logarithm, `low` > 0.
    Log {
        /// Lowest.
        low: Micro,
        /// Highest.
        high: Micro,
    },
    /// `{ normal = [mean, deviation], within = [low, high] }`: drawn again until within.
    Normal {
        /// Mean.
        mean: Micro,
        /// Standard deviation, > 0.
        deviation: Micro,
        /// Lowest.
        low: Micro,
        /// Highest.
        high: Micro,
    },
    /// `{ choose = [...], weights = [...] }`.
    Choose(Vec<(Value, Micro)>),
}

impl Dist {
    /// Settles the parameter.
    pub fn draw(&self, rng: &mut Rng) -> Value {
        match self {
            Self::Fixed(value) => *value,
            Self::Uniform { low, high, integer: false } => Value::Number(rng.uniform(*low, *high)),
            Self::Uniform { low, high, integer: true } => Value::Number(Micro::from_int(
                rng.uniform_int(low.millionths() / 1_000_000, high.millionths() / 1_000_000),
            )),
            Self::Log { low, high } => Value::Number(rng.log_uniform(*low, *high)),
            Self::Normal { mean, deviation, low, high } => {
                Value::Number(rng.normal_within(*mean, *deviation, *low, *high))
            }
            Self::Choose(choices) => {
                let weights: Vec<Micro> = choices.iter().map(|(_, weight)| *weight).collect();
                choices[rng.choose(&weights)].0
            }
        }
    }

    /// The canonical JSON of the law: part of a recipe's meaning.
    pub fn meaning(&self) -> Json {
        let pair = |a: &Micro, b: &Micro| Json::array([*a, *b]);
        match self {
            Self::Fixed(value) => (*value).into(),
            Self::Uniform { low, high, .. } => pair(low, high),
            Self::Log { low, high } => Json::object([("log", pair(low, high))]),
            Self::Normal { mean, deviation, low, high } => {
                Json::object([("normal", pair(mean, deviation)), ("within", pair(low, high))])
            }
            Self::Choose(choices) => Json::object([
                ("choose", Json::array(choices.iter().map(|(value, _)| *value))),
                ("weights", Json::array(choices.iter().map(|(_, weight)| *weight))),
            ]),
        }
    }
}
