//! Colours of what a person reads: one set of them for all verbs. A text without colours says the
//! same.

use std::io;

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

/// Whether there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What a colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// It is as it should be.
    Good,
    /// A person should know it.
    Doubtful,
    /// It is not as it should be.
    Wrong,
    /// It is the head of what follows.
    Heading,
}

/// Colours words, or leaves them as they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    is_on: bool,
}

impl Color {
    /// The paint for standard output.
    pub(super) fn paint(self) -> Paint {
        let is_on = match self {
            Self::Auto => AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
            Self::Always => true,
            Self::Never => false,
        };
        Paint { is_on }
    }
}

impl Paint {
    /// The words in the colour of their tone.
    pub(super) fn text(self, tone: Tone, words: &str) -> String {
        let color = match tone {
            Tone::Good => Some(AnsiColor::Green),
            Tone::Doubtful => Some(AnsiColor::Yellow),
            Tone::Wrong => Some(AnsiColor::Red),
            Tone::Heading => None,
        };
        let style = match self.is_on {
            true => Style::new().bold().fg_color(color.map(Into::into)),
            false => Style::new(),
        };
        format!("{style}{words}{style:#}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_coloured_where_asked_and_stay_the_same() {
        for tone in [Tone::Good, Tone::Doubtful, Tone::Wrong, Tone::Heading] {
            assert_eq!(Color::Never.paint().text(tone, "word"), "word");
            let colored = Color::Always.paint().text(tone, "word");
            assert_ne!(colored, "word");
            assert_eq!(anstream::adapter::strip_str(&colored).to_string(), "word");
        }
    }
}
