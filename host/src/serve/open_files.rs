//! How many sockets the system's limit on open files leaves.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the process needs besides the connections to sinks: manifests, listeners, the admin interface, names being resolved.
const OTHERS: u64 = 128;
/// Without a setting there are not more: each idle connection takes memory.
const DEFAULT: u64 = 10_000;

/// A `--sockets` that the system does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "--sockets {asked}: the system allows this process {files} open files, of which it needs {OTHERS} itself; write at most {most}, or raise that limit (ulimit -n)"
)]
pub struct SocketsError {
    asked: usize,
    files: u64,
    most: u64,
}

/// The number of connections to sinks, which is `asked` for or follows from the limit on open files. That one is raised as far
/// as the system lets everybody.
pub(super) fn sockets(asked: Option<usize>) -> Result<usize, SocketsError> {
    allowed(asked, raised())
}

/// `None`: there is no limit.
fn raised() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::debug!("the limit on open files stays as it is: {error}");
            current
        }
    }
}

fn allowed(asked: Option<usize>, files: Option<u64>) -> Result<usize, SocketsError> {
    let files = files.unwrap_or(u64::MAX);
    let most = files.saturating_sub(OTHERS).max(1);
    let Some(asked) = asked else {
        return Ok(usize::try_from(most.min(DEFAULT)).unwrap_or(usize::MAX));
    };
    if asked as u64 > most {
        return Err(SocketsError { asked, files, most });
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_allows_less_what_the_process_needs_itself() {
        assert_eq!(allowed(None, Some(1_024)), Ok(896));
        assert_eq!(allowed(None, None), Ok(10_000));
        assert_eq!(allowed(Some(500), Some(1_024)), Ok(500));
        assert_eq!(allowed(Some(100_000), None), Ok(100_000));
    }

    #[test]
    fn more_than_that_is_refused_with_the_remedy() {
        let error = allowed(Some(1_000), Some(1_024)).unwrap_err().to_string();
        assert!(
            error.starts_with("--sockets 1000: ") && error.contains("at most 896"),
            "{error}"
        );
    }
}
