//! The compilation cache: the second start of a component does not compile.
//!
//! wasmtime reads entries from a directory that cannot be written just as well. So an image with a read-only root file
//! system can ship a warm cache: run the host once while the image is built, with `XDG_CACHE_HOME` set as it will be later.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use wasmtime::{Cache, CacheConfig};

/// The user's cache, or none where there is no directory for it: then each start compiles.
pub(super) fn open() -> Option<Cache> {
    let mut config = CacheConfig::new();
    config.with_directory(directory(
        env::var_os("XDG_CACHE_HOME"),
        env::var_os("HOME"),
    )?);
    Cache::new(config)
        .inspect_err(|error| tracing::debug!("no compilation cache: {error:#}"))
        .ok()
}

/// By the XDG base directory specification, which says that a relative `XDG_CACHE_HOME` counts as not set.
fn directory(xdg: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |dir: Option<OsString>| dir.map(PathBuf::from).filter(|dir| dir.is_absolute());
    let caches = absolute(xdg).or_else(|| absolute(home).map(|home| home.join(".cache")))?;
    Some(caches.join("heartbeats"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_follows_xdg_then_home() {
        let dir = |xdg: Option<&str>, home: Option<&str>| {
            directory(xdg.map(Into::into), home.map(Into::into))
                .map(|dir| dir.display().to_string())
        };
        assert_eq!(
            dir(Some("/x"), Some("/h")).as_deref(),
            Some("/x/heartbeats")
        );
        assert_eq!(
            dir(None, Some("/h")).as_deref(),
            Some("/h/.cache/heartbeats")
        );
        assert_eq!(
            dir(Some("relative"), Some("/h")).as_deref(),
            Some("/h/.cache/heartbeats")
        );
        assert_eq!(dir(Some(""), Some("")), None);
        assert_eq!(dir(None, None), None);
    }
}
