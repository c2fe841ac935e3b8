//! From a recipe's steps to the numbers of one sample: which steps are on, with which parameters, with which partner.

use super::{Plan, Sample};
use crate::digest::Digest;
use crate::effect::{Blend, Effect, Lay, Lowering};
use crate::manifest::WHOLE;
use crate::number::Micro;
use crate::ops::{Lower, Mix, PartnerFit, Value, fit, fit_partner};
use crate::pixels::Size;
use crate::recipe::{Action, ClassFilter, LabelRule, OpCall, PartnerSteps, Step};
use crate::seed::{Role, SampleSeed};

/// A step that is on, settled.
#[derive(Clone, PartialEq, Debug)]
pub struct Drawn<'a> {
    /// The step.
    pub step: &'a Step,
    /// Its op.
    pub call: &'a OpCall,
    /// The settled parameters, in the order of the op's description.
    pub values: Vec<Value>,
    /// Seeds what the op draws per pixel.
    pub field: Digest,
    /// What is blended in, for a mixing op.
    pub partner: Option<Partner<'a>>,
}

/// A settled partner.
#[derive(Clone, PartialEq, Debug)]
pub struct Partner<'a> {
    /// Index in the plan's sources.
    pub source: usize,
    /// Where it lies and how much of it is seen.
    pub mix: Mix,
    /// What is done to it before.
    pub steps: Vec<Drawn<'a>>,
    /// How it is brought to the canvas.
    pub fit: PartnerFit,
}

/// Everything random about one sample, settled.
#[derive(Clone, Debug)]
pub struct Draw<'a> {
    /// The steps that are on, in order.
    pub steps: Vec<Drawn<'a>>,
    /// Class numbers, ascending, with weights that sum to [`WHOLE`].
    pub label: Vec<(u32, u32)>,
}

impl Plan {
    /// Settles one sample. Depends on nothing but the recipe, the sample's id and, for partners, the sources.
    pub fn draw(&self, sample: &Sample) -> Draw<'_> {
        let steps = match sample.role {
            Role::Original | Role::Val => Vec::new(),
            Role::Train | Role::NoisyVal => self.walk(*sample, None),
        };
        let label = self.label(sample.source, &steps);
        Draw { steps, label }
    }

    fn walk(&self, sample: Sample, until: Option<usize>) -> Vec<Drawn<'_>> {
        let class = self.class_name(self.sources[sample.source].class);
        let mut walk = Walk { plan: self, seed: self.id(&sample).seed(), sample, class, until, drawn: Vec::new() };
        walk.steps(&self.recipe_for(sample.role).steps);
        walk.drawn
    }

    /// The label of a source after these steps: each mix takes its share from what is there, in proportion, and what
    /// rounding leaves goes to the primary's class.
    fn label(&self, source: usize, steps: &[Drawn<'_>]) -> Vec<(u32, u32)> {
        let primary = self.sources[source].class;
        let mut label = std::collections::BTreeMap::from([(primary, WHOLE)]);
        for drawn in steps {
            let (Some(partner), Some(rule)) = (&drawn.partner, &drawn.call.mix) else { continue };
            let other = self.sources[partner.source].class;
            let share = partner.mix.share;
            match rule.label {
                LabelRule::Soft => {
                    for weight in label.values_mut() {
                        *weight = (u64::from(*weight) * u64::from(WHOLE - share) / u64::from(WHOLE)) as u32;
                    }
                    *label.entry(other).or_default() += share;
                    let sum: u32 = label.values().sum();
                    *label.entry(primary).or_default() += WHOLE - sum;
                }
                LabelRule::Dominant if share > WHOLE / 2 => label = [(other, WHOLE)].into(),
                LabelRule::Dominant => {}
            }
        }
        label.into_iter().filter(|(_, weight)| *weight > 0).collect()
    }

    /// The effects of a drawn sample on its source, the output's fit included.
    pub fn lower(&self, sample: &Sample, draw: &Draw<'_>) -> Vec<Effect> {
        let mut lowering = Lowering::new(self.sources[sample.source].size);
        self.lower_steps(&mut lowering, &draw.steps);
        fit(&mut lowering, self.output_for(sample.role).fit);
        lowering.finish()
    }

    /// The effects of some drawn steps of a sample on its source, and nothing after them.
    pub(super) fn lower_unfitted(&self, sample: &Sample, steps: &[Drawn<'_>]) -> Vec<Effect> {
        let mut lowering = Lowering::new(self.sources[sample.source].size);
        self.lower_steps(&mut lowering, steps);
        lowering.finish()
    }

    fn lower_steps(&self, lowering: &mut Lowering, steps: &[Drawn<'_>]) {
        for drawn in steps {
            lowering.enter(drawn.field);
            match (drawn.call.op.lower, &drawn.partner) {
                (Lower::Effects(lower), _) => lower(&drawn.values, lowering),
                (Lower::Mix { lay, .. }, Some(partner)) => {
                    let Partner { source, mix, .. } = *partner;
                    let mut other = self.lower_partner(partner, lowering.size());
                    lay(&drawn.values, &mut other);
                    let (left, top) = mix.patch.map_or((0, 0), |patch| {
                        patch.cut(&mut other);
                        (patch.left, patch.top)
                    });
                    let lay = Lay { mode: mix.mode, weight: mix.weight, left, top };
                    lowering.push(Effect::Blend(Blend { source, effects: other.finish(), lay }));
                }
                (Lower::Mix { .. }, None) => unreachable!("BUG: a mix that was drawn without a partner"),
            }
        }
    }

    fn lower_partner(&self, partner: &Partner<'_>, canvas: Size) -> Lowering {
        let mut lowering = Lowering::new(self.sources[partner.source].size);
        self.lower_steps(&mut lowering, &partner.steps);
        fit_partner(&mut lowering, partner.fit, canvas);
        lowering
    }

    /// The canvas that a source has become after some steps.
    fn canvas(&self, source: usize, steps: &[Drawn<'_>]) -> Size {
        let mut lowering = Lowering::new(self.sources[source].size);
        self.lower_steps(&mut lowering, steps);
        lowering.size()
    }
}

/// A walk through the steps of a recipe for one sample, or for the partner of one.
struct Walk<'a> {
    plan: &'a Plan,
    seed: SampleSeed,
    sample: Sample,
    class: &'a str,
    /// For a partner: stop at the step of this ordinal, and skip mixing ops.
    until: Option<usize>,
    drawn: Vec<Drawn<'a>>,
}

impl<'a> Walk<'a> {
    fn is_for(&self, step: &Step) -> bool {
        let classes = match &step.classes {
            ClassFilter::All => true,
            ClassFilter::Only(names) => names.iter().any(|name| name == self.class),
            ClassFilter::Except(names) => !names.iter().any(|name| name == self.class),
        };
        classes && step.on.contains(&self.sample.role)
    }

    fn steps(&mut self, steps: &'a [Step]) {
        for step in steps {
            if self.is_for(step) {
                self.step(step);
            }
        }
    }

    fn step(&mut self, step: &'a Step) {
        if step.chance < Micro::ONE && !self.seed.draw(&step.id, "chance").chance(step.chance) {
            return;
        }
        match &step.action {
            Action::Op(call) => self.op(step, call),
            Action::All(steps) => self.steps(steps),
            Action::Pick { count, steps } => {
                let count = match count.draw(&mut self.seed.draw(&step.id, "pick")) {
                    Value::Number(count) => count.to_int().and_then(|count| usize::try_from(count).ok()),
                    _ => None,
                };
                let count = count.expect("BUG: a number of branches that is no whole number");
                // An exponential race: the branches with the shortest waiting times are on. Each branch has a key of
                // its own, so taking one away moves only the samples that had it.
                let mut race: Vec<(f64, usize)> = (steps.iter().enumerate())
                    .filter(|(_, branch)| self.is_for(branch) && branch.weight > Micro::ZERO)
                    .map(|(index, branch)| (self.seed.draw(&branch.id, "weight").race(branch.weight), index))
                    .collect();
                race.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                let mut picked: Vec<usize> = race.into_iter().take(count).map(|(_, index)| index).collect();
                picked.sort_unstable();
                for index in picked {
                    self.step(&steps[index]);
                }
            }
        }
    }

    fn op(&mut self, step: &'a Step, call: &'a OpCall) {
        let ordinal = self.plan.ordinal(self.sample.role, &step.id);
        if self.until.is_some_and(|until| ordinal >= until || call.mix.is_some()) {
            return;
        }
        let values: Vec<Value> = (call.params.iter().zip(call.op.params))
            .map(|(law, param)| law.draw(&mut self.seed.draw(&step.id, param.name)))
            .collect();
        let partner = call.mix.as_ref().map(|rule| {
            let Lower::Mix { draw, .. } = call.op.lower else {
                unreachable!("BUG: a rule for partners on an op that has none")
            };
            let canvas = || self.plan.canvas(self.sample.source, &self.drawn);
            let mix = draw(&values, &mut self.seed.draw(&step.id, "mix"), &canvas);
            let source = self.plan.partner(self.sample.source, rule, &self.seed, &step.id);
            let steps = match rule.steps {
                PartnerSteps::None => Vec::new(),
                PartnerSteps::Above => self.plan.walk(Sample { source, ..self.sample }, Some(ordinal)),
            };
            Partner { source, mix, steps, fit: rule.fit }
        });
        self.drawn.push(Drawn { step, call, values, field: self.seed.key(&step.id, "field"), partner });
    }
}
