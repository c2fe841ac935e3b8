//! Batches from many threads, in an order that no thread can change.
//!
//! A [`Loader`] has a Rayon pool of its own. A pass over a dataset ([`Loader::load`]) keeps a bounded number of batches
//! ahead of whoever takes them: two threads hand batches out to the pool sample by sample, so that while the last samples
//! of one are made the first of the next are begun and no thread waits, and each sample is decoded, resized and
//! normalised straight into its place. Batches come in order, and their memory is used again.

mod course;
mod shelf;

pub use course::{Course, Last, Order};
pub use shelf::Batch;

use crate::dataset::{Dataset, DatasetError};
use crate::train::input::Input;
use rayon::{ThreadPool, ThreadPoolBuilder};
use shelf::Shelf;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Threads that hand out batches: while one waits for the last sample of its batch, the other has handed out the next.
const HANDING_OUT: usize = 2;

/// Threads that make batches; for any number of passes, one after the other or several at a time.
pub struct Loader {
    pool: Arc<ThreadPool>,
    shelf: Arc<Shelf>,
    ahead: usize,
}

/// Why batches cannot be made.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum LoadError {
    /// Threads cannot be started.
    #[error("cannot start {threads} threads to load images: {reason}")]
    Threads {
        /// How many.
        threads: usize,
        /// What the system said.
        reason: String,
    },
    /// A sample cannot be read; its batch and all later ones are not delivered.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Sample(#[from] DatasetError),
}

/// What all threads of a pass share.
struct Job {
    dataset: Arc<Dataset>,
    input: Input,
    course: Course,
    /// Indices of samples, in the order of the pass.
    order: Vec<u32>,
    shelf: Arc<Shelf>,
    pool: Arc<ThreadPool>,
    stop: AtomicBool,
}

/// A batch to be made: its number, and where it is wanted.
type Ticket = (usize, Sender<Result<Batch, LoadError>>);

/// The batches of a pass, in order; ends after the first error.
pub struct Batches {
    job: Arc<Job>,
    /// Of the next batch that nobody has begun.
    next: usize,
    /// Batches that are being made, or are made and wait.
    pending: VecDeque<Receiver<Result<Batch, LoadError>>>,
    ahead: usize,
    tickets: Option<Sender<Ticket>>,
    threads: Vec<JoinHandle<()>>,
    waited: Duration,
}

impl Loader {
    /// Starts `threads` threads; up to `ahead` batches (at least 1) are finished or being made before they are wanted.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn new(threads: usize, ahead: usize) -> Result<Self, LoadError> {
        let threads = threads.max(1);
        let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(|number| format!("load-{number}")).build();
        let pool = pool.map_err(|error| LoadError::Threads { threads, reason: error.to_string() })?;
        Ok(Self { pool: Arc::new(pool), shelf: Arc::default(), ahead: ahead.max(1) })
    }

    /// Begins a pass. Nothing but `course` and the dataset decides what is in which batch.
    ///
    /// # Errors
    /// When the threads that hand out batches cannot be started.
    ///
    /// # Panics
    /// When the course has batches of no sample, or no view.
    pub fn load(&self, dataset: &Arc<Dataset>, input: &Input, course: Course) -> Result<Batches, LoadError> {
        assert!(course.batch > 0 && !course.views.is_empty(), "BUG: batches of nothing");
        let job = Arc::new(Job {
            order: course.order.indices(dataset.len()),
            dataset: Arc::clone(dataset),
            input: input.clone(),
            course,
            shelf: Arc::clone(&self.shelf),
            pool: Arc::clone(&self.pool),
            stop: AtomicBool::new(false),
        });
        let (tickets, queue) = channel::<Ticket>();
        let queue = Arc::new(Mutex::new(queue));
        let mut batches = Batches {
            next: job.course.skip,
            job,
            pending: VecDeque::new(),
            ahead: self.ahead,
            tickets: Some(tickets),
            threads: Vec::new(),
            waited: Duration::ZERO,
        };
        for number in 0..HANDING_OUT {
            let (job, queue) = (Arc::clone(&batches.job), Arc::clone(&queue));
            let run = move || hand_out(&job, &queue);
            let thread = std::thread::Builder::new().name(format!("batches-{number}")).spawn(run);
            let reason = |error: std::io::Error| LoadError::Threads { threads: HANDING_OUT, reason: error.to_string() };
            batches.threads.push(thread.map_err(reason)?);
        }
        batches.begin();
        Ok(batches)
    }
}

/// Makes the batches of the tickets that come, until no more can come.
fn hand_out(job: &Job, queue: &Mutex<Receiver<Ticket>>) {
    loop {
        // The lock is held while waiting: the other thread would have to wait for the same.
        let ticket = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, wanted)) = ticket else { return };
        // Nobody may want it any more.
        let _ = wanted.send(job.make(number));
    }
}

impl Job {
    /// How many batches a whole pass has.
    fn batches(&self) -> usize {
        self.course.batches(self.order.len())
    }

    /// Makes a batch, on the pool's threads.
    fn make(&self, number: usize) -> Result<Batch, LoadError> {
        let from = number * self.course.batch;
        let samples = &self.order[from..self.order.len().min(from + self.course.batch)];
        let (classes, views) = (self.dataset.classes().0.len(), self.course.views.len());
        let mut batch = self.shelf.take(samples, [self.input.numbers() * views, classes]);
        // The first sample of the batch, in its order, that failed: what comes after it is not begun.
        let failed = AtomicUsize::new(usize::MAX);
        let mut errors: Vec<Option<DatasetError>> = samples.iter().map(|_| None).collect();
        let places = batch.pixels.chunks_exact_mut(self.input.numbers() * views);
        self.pool.in_place_scope_fifo(|scope| {
            for ((place, error), (position, sample)) in places.zip(&mut errors).zip(samples.iter().enumerate()) {
                let failed = &failed;
                scope.spawn_fifo(move |_| {
                    if self.stop.load(Ordering::Relaxed) || failed.load(Ordering::Relaxed) < position {
                        return;
                    }
                    *error = self.sample(*sample as usize, place).err();
                    if error.is_some() {
                        failed.fetch_min(position, Ordering::Relaxed);
                    }
                });
            }
        });
        if let Some(error) = errors.into_iter().flatten().next() {
            return Err(error.into());
        }
        for (index, label) in samples.iter().zip(batch.labels.chunks_exact_mut(classes.max(1))) {
            self.dataset.write_label(*index as usize, label);
        }
        Ok(batch)
    }

    /// Makes all views of a sample.
    fn sample(&self, index: usize, place: &mut [f32]) -> Result<(), DatasetError> {
        self.shelf.with_scratch(|scratch| {
            let image = self.dataset.image(index, &mut scratch.bytes)?;
            for (view, place) in self.course.views.iter().zip(place.chunks_exact_mut(self.input.numbers())) {
                self.input.write(&image, view, scratch, place);
            }
            Ok(())
        })
    }
}

impl Batches {
    /// How many batches a whole pass has, those that were skipped included.
    pub fn total(&self) -> usize {
        self.job.batches()
    }

    /// What images become.
    pub fn input(&self) -> &Input {
        &self.job.input
    }

    /// How long whoever takes batches has waited for them: time that a model could not use.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Begins as many batches as there is room for.
    fn begin(&mut self) {
        let Some(tickets) = &self.tickets else { return };
        while self.pending.len() < self.ahead && self.next < self.job.batches() {
            let (sender, receiver) = channel();
            if tickets.send((self.next, sender)).is_err() {
                // The threads are gone only after a panic, which is passed on when the batch is asked for.
                return self.pending.push_back(receiver);
            }
            self.pending.push_back(receiver);
            self.next += 1;
        }
    }

    /// Lets the threads end, and waits until they have.
    fn end(&mut self) -> std::thread::Result<()> {
        self.job.stop.store(true, Ordering::Relaxed);
        self.tickets = None;
        self.pending.clear();
        self.threads.drain(..).map(JoinHandle::join).fold(Ok(()), Result::and)
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, LoadError>;

    #[expect(clippy::disallowed_methods, reason = "measures the waiting")]
    fn next(&mut self) -> Option<Self::Item> {
        let made = self.pending.pop_front()?;
        let since = Instant::now();
        let made = made.recv();
        self.waited += since.elapsed();
        match made {
            Ok(Ok(batch)) => {
                self.begin();
                Some(Ok(batch))
            }
            Ok(Err(error)) => {
                if let Err(panic) = self.end() {
                    std::panic::resume_unwind(panic);
                }
                Some(Err(error))
            }
            // Its thread ended without an answer.
            Err(_) => match self.end() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => unreachable!("BUG: a batch that nobody made"),
            },
        }
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        // A panic of a thread was either passed on, or is of a batch that nobody asked for.
        let _ = self.end();
    }
}

#[cfg(test)]
mod tests;
