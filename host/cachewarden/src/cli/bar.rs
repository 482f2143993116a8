//! A progress bar for verbs that may take a while.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use cachewarden_store::Progress;

/// What is over sooner needs no bar.
const BAR_AFTER: Duration = Duration::from_secs(1);

/// A bar on a terminal's stderr, once it has taken a while.
pub(super) struct Bar {
    began: Instant,
    bar: ProgressBar,
}

impl Bar {
    /// Nothing is drawn yet.
    pub(super) fn new() -> Self {
        let style = ProgressStyle::with_template("{bar:40} {percent} % {eta} left")
            .expect("the template is well formed");
        Self {
            began: Instant::now(),
            bar: ProgressBar::hidden().with_style(style),
        }
    }

    /// Shows how far it is.
    pub(super) fn show(&self, progress: Progress) {
        self.bar.set_length(progress.of as u64);
        self.bar.set_position(progress.done as u64);
        if self.bar.is_hidden() && self.began.elapsed() >= BAR_AFTER {
            // Draws nothing where stderr is no terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Prints something beside the bar.
    pub(super) fn beside<Outcome>(&self, print: impl FnOnce() -> Outcome) -> Outcome {
        self.bar.suspend(print)
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
