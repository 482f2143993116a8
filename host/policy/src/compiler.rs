//! Compiles policies in a child process, and tests that the result can be loaded.
//!
//! The cost of loading is bounded as the cost of running is: the size of the compiled form is
//! bounded by that of the module, and a second child process has loaded it within a session's
//! limits.

use std::io::{self, Read, Write};
use std::sync::Arc;

use super::child_task::{ChildTask, TaskError};
use super::limits::{
    IMAGE_FOR_MODULE, Limits, MAX_IMAGE_BYTES, MAX_MODULE_BYTES, SMALLEST_MAX_IMAGE_BYTES,
};
use super::{Defect, component, engine, instances, test_load};

/// The verb of this program that [`run`] serves.
pub const COMPILER_VERB: &str = "compile-for-parent";

fn child_task(limits: &Limits) -> ChildTask<'_> {
    ChildTask {
        verb: COMPILER_VERB,
        doing: "compiling it",
        memory: limits.compile_memory,
        memory_option: "--policy-compile-memory",
        limits,
    }
}

/// Compiles a module. `slow` is called when that has taken a while.
pub(super) fn compile(
    module: Vec<u8>,
    limits: &Limits,
    slow: impl FnOnce(),
) -> Result<Arc<Vec<u8>>, TaskError> {
    let most = most_image_bytes(module.len());
    let image = child_task(limits).send(Arc::new(module), slow)?;
    if image.len() as u64 > most {
        return Err(TaskError::Failed {
            reason: format!(
                "its compiled form has more than {} KiB, which is more than is ever loaded for a file of its size",
                most >> 10
            ),
            is_repeatable: true,
        });
    }
    let image = Arc::new(image);
    test_load::test_load(&image, limits)?;
    Ok(image)
}

/// The most bytes of the compiled form of a module of this size.
fn most_image_bytes(module: usize) -> u64 {
    (module as u64)
        .saturating_mul(IMAGE_FOR_MODULE)
        .clamp(SMALLEST_MAX_IMAGE_BYTES, MAX_IMAGE_BYTES)
}

/// The child's side: compiles the module from `input`, and writes the compiled form or the reason
/// of the failure. Returns whether it succeeded.
///
/// # Errors
/// When a stream fails, or no thread can be started.
pub fn run(input: impl Read, output: impl Write, limits: &Limits) -> io::Result<bool> {
    let mut module = Vec::new();
    input.take(MAX_MODULE_BYTES).read_to_end(&mut module)?;
    child_task(limits).serve(output, || {
        let component = component::componentise(module)?;
        instances::check(&component)?;
        engine::engine()
            .and_then(|engine| engine.precompile_component(&component))
            .map_err(|error| Defect::Compilation(format!("{error:#}")))
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
