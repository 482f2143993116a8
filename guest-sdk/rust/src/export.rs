//! The macro that exports a policy.

/// Exports a policy, so that the host can load it. Use it once in a crate, with the type that implements [`Policy`](crate::Policy).
///
/// Built for any other target than `wasm32` it exports nothing, so that a policy is tested with plain `cargo test`.
///
/// ```
/// use cachewarden_policy::{NoSettings, Policy};
///
/// #[derive(Default)]
/// struct AllowAll;
///
/// impl Policy for AllowAll {
///     type Settings = NoSettings;
/// }
///
/// cachewarden_policy::export!(AllowAll);
/// ```
#[macro_export]
macro_rules! export {
    ($policy:ty) => {
        $crate::__export!($policy);
    };
}

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($policy:ty) => {
        const _: () = {
            impl $crate::guest::Exported for $policy {
                fn slot() -> &'static $crate::guest::Slot<Self> {
                    static SLOT: $crate::guest::Slot<$policy> = $crate::guest::Slot::empty();
                    &SLOT
                }
            }

            type Guest = $crate::guest::Guest<$policy>;
    $crate::guest::bindings::export!(Guest with_types_in $crate::guest::bindings);
        };
    };
}

/// Elsewhere a type that is no policy is an error all the same.
#[cfg(not(target_arch = "wasm32"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($policy:ty) => {
        const _: $crate::Instance<$policy> = $crate::Instance::new();
    };
}
