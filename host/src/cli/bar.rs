//! A progress bar for verbs that may take a while.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::store::Progress;

/// What is over sooner needs no bar.
const BAR_AFTER: Duration = Duration::from_secs(1);

/// A bar on a terminal's stderr, once it has taken a while.
pub(super) struct Bar {
    began: Instant,
    bar: Option<ProgressBar>,
}

impl Bar {
    /// Nothing is drawn yet.
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            bar: None,
        }
    }

    /// Shows how far it is.
    pub(super) fn show(&mut self, progress: Progress) {
        if self.began.elapsed() < BAR_AFTER {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{bar:40} {percent} % {eta} left")
                .expect("the template is well formed");
            // Draws nothing where stderr is no terminal.
            ProgressBar::new(progress.of as u64).with_style(style)
        });
        bar.set_position(progress.done as u64);
    }

    /// Prints something beside the bar.
    pub(super) fn beside<Outcome>(&self, print: impl FnOnce() -> Outcome) -> Outcome {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
