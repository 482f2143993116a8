//! What a module without the standard library must bring: an allocator, and what a panic does.
//!
//! Either way a panic's message reaches the host's log before it becomes a trap.

#[cfg(not(feature = "std"))]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

#[cfg(not(feature = "std"))]
#[panic_handler]
fn panic(panic: &core::panic::PanicInfo<'_>) -> ! {
    use core::sync::atomic::{AtomicBool, Ordering};

    static PANICKING: AtomicBool = AtomicBool::new(false);
    // If reporting panics too, perhaps for lack of memory, nothing more can be reported.
    if !PANICKING.swap(true, Ordering::Relaxed) {
        report(panic.location(), &panic.message());
    }
    core::arch::wasm32::unreachable()
}

/// Sends the standard library's panics to the host's log. It traps afterwards by itself.
#[cfg(feature = "std")]
pub(crate) fn log_panics() {
    use alloc::boxed::Box;
    use alloc::string::String;

    std::panic::set_hook(Box::new(|panic| {
        // `payload_as_str` does this from Rust 1.91 on.
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        report(panic.location(), &text.unwrap_or("no message"));
    }));
}

fn report(location: Option<&core::panic::Location<'_>>, message: &dyn core::fmt::Display) {
    match location {
        Some(location) => crate::warn!("panicked at {location}: {message}"),
        None => crate::warn!("panicked: {message}"),
    }
}
