//! Sessions as JSON lines: the decision log of a build, what a replay reads, and the form of a policy's test cases. The
//! format is docs/recording.md.
//!
//! What is written can be read back, line by line, to the same values.

mod fields;
mod line;
mod reader;
mod writer;

pub use line::{
    AnswerRecord, CallFailureRecord, EndRecord, FORM, Line, LogRecord, OffRecord, OpenRecord,
    QuestionRecord, SessionStarted,
};
pub use reader::{NumberedLine, ReadError, read};
pub use writer::Recorder;
