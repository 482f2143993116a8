//! Compiles policies, in a process of its own, and tries the result before anybody uses it.
//!
//! What a session pays for loading is bounded as what it pays for running: the compiled form has no more than so many bytes
//! for each of the module, and a second process has loaded it within a session's bounds.

use std::io::{self, Read, Write};
use std::sync::Arc;

use super::errand::{Errand, Failure};
use super::limits::{
    IMAGE_FOR_MODULE, Limits, MAX_IMAGE_BYTES, MAX_MODULE_BYTES, SMALLEST_MAX_IMAGE_BYTES,
};
use super::{component, engine, instances, trial};

/// The verb of this program that [`run`] serves.
pub const COMPILER_VERB: &str = "compile-for-parent";

fn errand(limits: &Limits) -> Errand<'_> {
    Errand {
        verb: COMPILER_VERB,
        doing: "compiling it",
        memory: limits.compile_memory,
        memory_option: "--policy-compile-memory",
        limits,
    }
}

/// Compiles a module as the operator gave it. `slow` is called when that has taken a while.
pub(super) fn compile(
    module: Vec<u8>,
    limits: &Limits,
    slow: impl FnOnce(),
) -> Result<Arc<Vec<u8>>, Failure> {
    let most = most_image_bytes(module.len());
    let image = errand(limits).send(Arc::new(module), slow)?;
    if image.len() as u64 > most {
        return Err(Failure {
            reason: format!(
                "its compiled form has more than {} KiB, which is more than is ever loaded for a file of its size",
                most >> 10
            ),
            is_worth_remembering: true,
        });
    }
    let image = Arc::new(image);
    trial::try_out(&image, limits)?;
    Ok(image)
}

/// The most bytes that the compiled form of a module of so many bytes may have.
fn most_image_bytes(module: usize) -> u64 {
    (module as u64)
        .saturating_mul(IMAGE_FOR_MODULE)
        .clamp(SMALLEST_MAX_IMAGE_BYTES, MAX_IMAGE_BYTES)
}

/// The other side: compiles what comes from `input`, and writes the compiled form or the reason why there is none.
/// Whether there is one.
///
/// # Errors
/// When a stream fails, or no thread can be started.
pub fn run(input: impl Read, output: impl Write, limits: &Limits) -> io::Result<bool> {
    let mut module = Vec::new();
    input.take(MAX_MODULE_BYTES).read_to_end(&mut module)?;
    errand(limits).serve(output, || {
        let component = component::componentise(module)?;
        instances::check(&component)?;
        engine::engine()
            .and_then(|engine| engine.precompile_component(&component))
            .map_err(|error| format!("{error:#}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_form_is_bounded_by_the_module() {
        assert_eq!(most_image_bytes(0), SMALLEST_MAX_IMAGE_BYTES);
        let mebibyte = 1024 * 1024;
        assert_eq!(
            most_image_bytes(mebibyte),
            mebibyte as u64 * IMAGE_FOR_MODULE
        );
        assert_eq!(most_image_bytes(usize::MAX), MAX_IMAGE_BYTES);
    }
}
