//! The training loop: epochs of batches, a score after each, and a checkpoint whenever there is something to lose.
//!
//! A run that was stopped at any step goes on to the same weights as one that was not: the order of samples follows from seed
//! and epoch, chance is seeded anew for every batch, and all that a step leaves behind is in the checkpoint. (With another
//! number of threads libtorch rounds otherwise.)

use super::said::{Said, said};
use super::session::{Session, SessionError};
use super::sets::{Sets, SetsError};
use crate::train::accumulation::Accumulation;
use crate::train::config::Best as BestBy;
use crate::train::input::View;
use crate::train::loader::{Course, LoadError};
use crate::train::run::{Best, EpochRecord, Kept, RunError, RunFolder, Score};
use crate::train::track::{Tracker, epoch as epoch_event};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Why a run ended before its end.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[expect(missing_docs, reason = "each says what it is")]
pub enum TrainError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Sets(Box<SetsError>),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    Run(#[from] RunError),
    #[error("{what} is not a finite number at step {step}: training has diverged")]
    #[diagnostic(help(
        "a lower learning_rate, a warm-up, or train.clip = 1.0; the last checkpoint is from before, so --resume meets it again"
    ))]
    Diverged { what: &'static str, step: u64 },
}

impl From<SetsError> for TrainError {
    fn from(error: SetsError) -> Self {
        Self::Sets(Box::new(error))
    }
}

/// How the loop ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// All epochs are done.
    Done,
    /// So many epochs brought nothing better.
    Early(u32),
    /// Someone wanted it to.
    Stopped,
}

/// What is told of a run while it goes on.
#[derive(Clone, Debug)]
pub enum Told<'a> {
    /// A step is made.
    Batch {
        /// From 1.
        epoch: u32,
        /// Batches of it that are trained on.
        done: usize,
        /// Of how many.
        of: usize,
        /// The mean loss of the epoch so far.
        loss: f64,
    },
    /// An epoch is over.
    Epoch(&'a EpochRecord),
}

/// Everything around the loop.
pub struct Loop<'a> {
    /// Where it is written down.
    pub folder: &'a mut RunFolder,
    /// Who else is told.
    pub tracker: &'a mut Tracker,
    /// Whether to stop.
    pub stop: &'a AtomicBool,
    /// The time, RFC 3339.
    pub now: &'a dyn Fn() -> String,
    /// Told what happens.
    pub tell: &'a dyn Fn(Told<'_>),
    /// Stops after so many steps of the run, as if someone wanted it to; for tests and for looking.
    pub steps: Option<u64>,
}

impl Loop<'_> {
    /// Trains from where the session stands to the end of its configuration.
    ///
    /// # Errors
    /// When a sample cannot be read, nothing can be written, or numbers are none any more.
    pub fn run(&mut self, session: &mut Session, sets: &Sets<'_>) -> Result<Ended, TrainError> {
        let epochs = session.config().epochs;
        let patience = session.config().validate.patience;
        while session.position.epoch < epochs {
            if self.is_to_stop(session) {
                return self.stopped(session);
            }
            let since = session.position.best.as_ref().map_or(0, |best| session.position.epoch - best.epoch);
            if patience > 0 && since >= patience {
                return Ok(Ended::Early(since));
            }
            session.thaw(session.position.epoch);
            let rate =
                sets.with_training(session.position.epoch, |feed| self.epoch(session, feed, sets.features))??;
            let Some(rate) = rate else { return Ok(Ended::Stopped) };
            self.score(session, sets, rate)?;
        }
        Ok(Ended::Done)
    }

    /// Ends before a step or after an epoch. Where not a step is made there is no checkpoint yet.
    ///
    /// # Errors
    /// When nothing can be written.
    pub fn stopped(&self, session: &Session) -> Result<Ended, TrainError> {
        if self.folder.last().is_err() {
            self.save(session)?;
        }
        Ok(Ended::Stopped)
    }

    /// Writes a checkpoint that no score belongs to.
    fn save(&self, session: &Session) -> Result<(), TrainError> {
        let bytes = session.checkpoint(self.folder.epochs().last())?;
        self.folder.checkpoint(session.position.step, &bytes, false, Kept::BestAndLast)?;
        Ok(())
    }

    fn is_to_stop(&self, session: &Session) -> bool {
        self.stop.load(Ordering::Relaxed) || self.steps.is_some_and(|steps| session.position.step >= steps)
    }

    /// Goes through the rest of an epoch; gives the last learning rate, or `None` where it was stopped before the end.
    fn epoch(
        &mut self,
        session: &mut Session,
        feed: &super::feed::Feed,
        features: bool,
    ) -> Result<Option<f64>, TrainError> {
        let config = session.config().clone();
        let epoch = session.position.epoch;
        let course = Course { skip: session.position.batch, ..Course::shuffled(config.batch, config.seed, epoch) };
        let batches = course.batches(feed.dataset().len());
        let accumulation = Accumulation::of(config.train.accumulate);
        let mut rate = session.rate();
        let mut clock = Clock::start();
        let mut pass = feed.pass(course)?;
        let mut waited_before = 0.0;
        // Sums since the last step: a checkpoint knows of whole steps alone.
        let (mut loss_sum, mut samples) = (0.0, 0u64);
        while let Some(fed) = pass.next() {
            let fed = fed?;
            session.seed_batch();
            let batch = session.position.batch as u64;
            let scale = accumulation.scale(batch, batches as u64);
            let loss = session.backward(&fed.x, &fed.y, features, scale);
            if !loss.is_finite() {
                return Err(TrainError::Diverged { what: "the loss", step: session.position.step });
            }
            loss_sum += loss * fed.indices.len() as f64;
            samples += fed.indices.len() as u64;
            session.position.batch += 1;
            if !accumulation.steps_after(batch, batches as u64) {
                continue;
            }
            let step = session.position.step;
            rate = session.step().map_err(|_| TrainError::Diverged { what: "a gradient", step })?;
            let waited = pass.waited().as_secs_f64();
            let position = &mut session.position;
            position.loss_sum += std::mem::take(&mut loss_sum);
            position.samples += std::mem::take(&mut samples);
            position.seconds += clock.lap();
            position.waited += waited - waited_before;
            waited_before = waited;
            let (done, mean) = (position.batch, position.loss_sum / position.samples as f64);
            (self.tell)(Told::Batch { epoch: epoch + 1, done, of: batches, loss: mean });
            // After the last batch comes the score, and its checkpoint.
            if done < batches && self.interrupted(session, config.train.checkpoint_steps)? {
                return Ok(None);
            }
        }
        Ok(Some(rate))
    }

    /// Writes a checkpoint within an epoch where one is due; gives whether to stop.
    fn interrupted(&self, session: &Session, every: u64) -> Result<bool, TrainError> {
        let step = session.position.step;
        let stop = self.is_to_stop(session);
        if stop || (every > 0 && step.is_multiple_of(every)) {
            self.save(session)?;
        }
        Ok(stop)
    }

    /// Ends an epoch: scores it, writes it down, and makes its checkpoint.
    fn score(&mut self, session: &mut Session, sets: &Sets<'_>, learning_rate: f64) -> Result<(), TrainError> {
        let mut clock = Clock::start();
        let batch = session.config().batch.min(64);
        let validation = session.validation();
        let seen = session.averaged(|network| -> Result<[Option<Said>; 2], LoadError> {
            let of = |feed: &Option<super::feed::Feed>| {
                feed.as_ref().map(|feed| said(network, feed, batch, &[View::SAME])).transpose()
            };
            Ok([of(&sets.clean)?, of(&sets.noisy)?])
        })?;
        let [clean, noisy] = &seen;
        let score = |said: &Option<Said>| said.as_ref().zip(validation).map(|(said, digest)| said.score(digest));
        let (clean_score, noisy_score) = (score(clean), score(noisy));
        let by = measured(session.config().validate.best, clean_score.as_ref(), noisy_score.as_ref());
        let position = &mut session.position;
        let value = by.map_or(0.0, |(_, value)| value);
        let best = by.is_none() || position.best.as_ref().is_none_or(|best| value > best.value);
        position.epoch += 1;
        let step = position.step;
        if best {
            let measure = by.map_or("none", |(name, _)| name).to_owned();
            position.best = Some(Best { epoch: position.epoch, step, measure, value });
        }
        let schedule = session.config().schedule.clone();
        let position = &mut session.position;
        schedule.observe(&mut position.plateau, value);
        let record = EpochRecord {
            epoch: position.epoch,
            step,
            ended: (self.now)(),
            learning_rate,
            train_loss: position.loss_sum / position.samples.max(1) as f64,
            clean: clean_score,
            noisy: noisy_score,
            seconds: position.seconds,
            validation_seconds: clock.lap(),
            waited_seconds: position.waited,
            samples_per_second: position.samples as f64 / position.seconds.max(1e-9),
            best,
        };
        position.run_seconds += record.seconds + record.validation_seconds;
        (position.batch, position.samples, position.loss_sum) = (0, 0, 0.0);
        (position.seconds, position.waited) = (0.0, 0.0);
        if best {
            for (name, said) in [("val", clean), ("noisy_val", noisy)] {
                if let Some(said) = said {
                    self.folder.predictions(name, said.rows())?;
                }
            }
            if let Some(said) = noisy.as_ref().or(clean.as_ref()) {
                self.folder.confusion(&said.confusion())?;
            }
        }
        let bytes = session.checkpoint(Some(&record))?;
        self.folder.checkpoint(step, &bytes, best, Kept::BestAndLast)?;
        // After the checkpoint: a run that dies here makes the epoch's line again, and never has a line without a checkpoint.
        self.folder.epoch(record.clone())?;
        self.tracker.tell([epoch_event(&record, self.folder.info())]);
        (self.tell)(Told::Epoch(&record));
        Ok(())
    }
}

/// The score that chooses the best epoch, higher is better; `None` where nothing is held out: the last is then the best.
fn measured(by: BestBy, clean: Option<&Score>, noisy: Option<&Score>) -> Option<(&'static str, f64)> {
    let f1 = |name, score: Option<&Score>| score.map(|score| (name, score.macro_f1));
    match by {
        BestBy::NoisyF1 => f1("noisy_macro_f1", noisy).or(f1("clean_macro_f1", clean)),
        BestBy::CleanF1 => f1("clean_macro_f1", clean),
        BestBy::NoisyLoss => {
            let loss = |name, score: Option<&Score>| score.map(|score| (name, -score.loss));
            loss("noisy_loss", noisy).or(loss("clean_loss", clean))
        }
    }
}

/// Seconds between one look and the next.
struct Clock(Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "how long an epoch took, for people")]
    fn start() -> Self {
        Self(Instant::now())
    }

    fn lap(&mut self) -> f64 {
        let now = Self::start().0;
        let seconds = now.duration_since(self.0).as_secs_f64();
        self.0 = now;
        seconds
    }
}
