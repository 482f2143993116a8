//! Sessions as JSON lines: the decision log of a build, the input of a replay, and the format of a
//! policy's test cases. docs/recording.md has the format.
//!
//! A line that is written can be read back to the same values.

mod fields;
mod line;
mod reader;
mod writer;

/// Targets for a fuzzer: each takes any bytes at all, and panics where a promise does not hold.
#[cfg(any(test, fuzzing))]
pub mod fuzzing {
    pub use crate::reader::fuzzing::recording;
}

pub use line::{
    AnswerRecord, CallFailureRecord, EndRecord, FORM, Line, LogRecord, LostRecord, OffRecord,
    OpenRecord, QuestionRecord, RemovedRecord, SessionStarted,
};
pub use reader::{NumberedLine, ReadError, ScannedLine, read, scan};
pub use writer::{Recorder, line_of_no_session};
